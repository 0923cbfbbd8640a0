"""The served lists of this worker's partitions, read far enough to join each action with all lists logged before it.

The agent `served_lists` puts what it reads; it also shows which users are present (`recomind.runtime.presence`). Before
a batch of actions is folded, `prepare` ensures two things. Lists from before the agent's committed offset have been
read again, as far back as they may count. And later ones have been read up to the end that Kafka tells then, or up to
one that was logged after the actions: how fast the agent gets them changes nothing. Only of the lists that were logged
within `MARGIN_S` before an action may some be missed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from contextlib import aclosing
from time import monotonic, time
from typing import Any, Final, NamedTuple, TypeVar

from aiokafka import ConsumerRecord
from faust.types import TP
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.ids import Partition
from recomind.model.served_lists import ServedListEvent, decode_served_list
from recomind.runtime.presence import Presence
from recomind.runtime.served_list_log import KafkaServedListLog, ServedListLog
from recomind.state.served_lists import MAX_USERS, REACH_S, ServedLists

Result = TypeVar("Result")

logger = get_logger(__name__)

MAX_WAITING: Final = 20_000
"""Lists of a partition that wait for actions to be folded; beyond it the agent waits, unless a batch needs more."""

PATIENCE_S: Final = 1.0
"""How long a batch of actions waits for the agent; then it reads the lists that it needs itself."""

POLL_INTERVAL_S: Final = 0.005
RETRY_DELAY_S: Final = 0.5


class Logged(NamedTuple):
    """A served list in the log."""

    offset: int
    at: float
    """When Kafka appended it, epoch seconds."""
    event: ServedListEvent


class ServedListWindow:
    """The latest served lists of the users of this worker, and which of these users are present."""

    def __init__(
        self,
        partitions: int,
        log: ServedListLog,
        should_stop: Callable[[], bool],
        on_read_again: Callable[[Partition, Sequence[Logged]], None] = lambda *_: None,
        on_outage: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time,
    ) -> None:
        """Create a window without partitions.

        Args:
            partitions: of the topic.
            log: of the served lists.
            should_stop: whether the worker stops.
            on_read_again: called with lists of a new partition that were read again.
            on_outage: called with the reason while actions wait for Kafka.
            now: the clock of the log, epoch seconds.
        """
        self.presence = Presence(now)
        self._max_users = max(1, MAX_USERS // partitions)
        self._log = log
        self._should_stop = should_stop
        self._on_read_again = on_read_again
        self._on_outage = on_outage
        self._lists: dict[Partition, ServedLists] = {}
        """Partition to its lists, of partitions whose latest lists have been read again."""
        self._since: dict[Partition, float] = {}
        """Partition to the log time from which on they have been read."""
        self._needed_until: dict[Partition, float] = {}
        """Partition to the log time until which a batch of actions needs lists."""
        self._locks: dict[Partition, asyncio.Lock] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lists.values()))

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop the lists of all other partitions."""
        self._lists = {one: lists for one, lists in self._lists.items() if one in partitions}
        self.presence.retain_partitions(partitions)

    async def stop(self) -> None:
        """Disconnect."""
        await self._log.stop()

    async def prepare(self, partition: Partition, first_at: float, last_at: float) -> ServedLists:
        """The lists that actions have to be joined with; the actions have been fetched before this call.

        Args:
            partition: that of the actions.
            first_at: when the first action was logged, epoch seconds.
            last_at: when the last one was logged.

        Raises:
            UnavailableError: the worker stops while Kafka is away.
            RefusedError: Kafka refuses to be read.
        """
        lists = await self._restored(partition, first_at - REACH_S, is_needed=True)
        self._needed_until[partition] = last_at
        if lists.logged_until > last_at:
            return lists
        end = await self._retried(lambda: self._log.end(partition))
        deadline = monotonic() + PATIENCE_S
        while lists.next_offset < end and lists.logged_until <= last_at:
            if monotonic() < deadline:
                await asyncio.sleep(POLL_INTERVAL_S)
            else:
                await self._retried(lambda: self._read_missing(partition, lists, end, last_at))
        return lists

    async def put(self, partition: Partition, records: Sequence[ConsumerRecord]) -> Sequence[Logged]:
        """Put records that were fetched; wait while too many wait for actions. Returns the lists in them."""
        lists = await self._restored(partition, records[0].timestamp / 1000 - REACH_S)
        found = self._put_records(partition, lists, records)
        while lists.waiting > MAX_WAITING and lists.logged_until > self._needed_until.get(partition, 0.0):
            if self._lists.get(partition) is not lists or self._should_stop():
                break
            await asyncio.sleep(POLL_INTERVAL_S)
        return found

    async def _restored(self, partition: Partition, since: float, *, is_needed: bool = False) -> ServedLists:
        """The lists of a partition; those of a new one are read again.

        Args:
            partition: which partition.
            since: the log time from which on lists of a new partition are read.
            is_needed: whether lists since that time are needed. If so, and fewer have been read, they are read once
                more: the agent may come to a partition before its actions, and be far ahead of them.
        """
        async with self._locks.setdefault(partition, asyncio.Lock()):
            known = self._lists.get(partition)
            if known is not None and not (is_needed and since < self._since[partition]):
                return known
            is_new = known is None
            until = self._log.committed(partition) if known is None else known.next_offset
            lists = await self._retried(lambda: self._read_again(partition, since, until, is_new=is_new))
            self._lists[partition], self._since[partition] = lists, since
            return lists

    async def _read_again(self, partition: Partition, since: float, until: int, *, is_new: bool) -> ServedLists:
        """The lists that were logged since a time, before an offset."""
        lists = ServedLists(self._max_users)
        if until:
            async with aclosing(self._log.read(partition, until=until, since=since)) as batches:
                async for records in batches:
                    found = self._put_records(partition, lists, records)
                    if is_new:
                        self._on_read_again(partition, found)
        lists.skip_to(until)
        return lists

    async def _read_missing(self, partition: Partition, lists: ServedLists, end: int, last_at: float) -> None:
        """Read the lists before an offset that were logged until a time; the agent gets them, too, and notes users."""
        async with aclosing(self._log.read(partition, until=end, start=lists.next_offset)) as batches:
            async for records in batches:
                put_records(lists, records)
                if lists.logged_until > last_at:
                    return
        lists.skip_to(end)

    async def _retried(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of work with Kafka, which is tried again while Kafka is away."""
        while True:
            try:
                return await work()
            except UnavailableError as error:
                reason = f"actions wait until served lists can be read: {error}"
                logger.warning("%s", reason)
                self._on_outage(reason)
                if self._should_stop():
                    raise
                await asyncio.sleep(RETRY_DELAY_S)

    def _put_records(
        self, partition: Partition, lists: ServedLists, records: Sequence[ConsumerRecord]
    ) -> Sequence[Logged]:
        """Put records, as `put_records`, and note that their users got lists."""
        found = put_records(lists, records)
        for _, at, event in found:
            self.presence.note_request(partition, event.user_id, at)
        return found


def window_of(app: Any) -> ServedListWindow:
    """The window of a worker's app."""

    def committed(tp: TP) -> int | None:
        offset: int | None = app.consumer._committed_offset.get(tp)
        return offset

    def remember(partition: Partition, found: Sequence[Logged]) -> None:
        for one in found:
            app.served_figures.remember_list(partition, one.at, one.event)
        promote_present(app, found)

    return ServedListWindow(
        app.options.partitions,
        KafkaServedListLog(app.options, committed),
        lambda: app.should_stop,
        remember,
        app.heartbeat.note_outage,
        app.kafka_producer.clock.now,
    )


def promote_present(app: Any, found: Iterable[Logged]) -> None:
    """Have the users of these lists ranked at once, if they are pending."""
    for one in found:
        if app.served_window.presence.is_due(one.event.user_id):
            app.refresh_queue.promote(one.event.user_id)


def put_records(lists: ServedLists, records: Sequence[ConsumerRecord]) -> Sequence[Logged]:
    """Put records of the log, and return the lists in them; one that is no served list is left out with a warning."""
    found = []
    for record in records:
        event = None
        try:
            event = decode_served_list(record.value or b"")
        except (ValueError, RecursionError) as error:
            logger.warning("served_lists %d:%d is no served list: %s", record.partition, record.offset, error)
        lists.put(record.offset, record.timestamp / 1000, event)
        if event is not None:
            found.append(Logged(record.offset, record.timestamp / 1000, event))
    return found
