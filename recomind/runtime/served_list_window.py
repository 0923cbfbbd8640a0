"""The served lists of this worker's partitions, read far enough to join each action with all lists logged before it.

The agent `served_lists` puts what it reads; it also shows which users are present (`recomind.runtime.presence`). Before
a batch of actions is folded, `prepare` ensures two things: lists from before the agent's committed offset have been
read again, as far back as they may count; and all lists that Kafka is known to hold have been put. A list that was
logged within `MARGIN_S` before an action may still be missed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence, Set
from time import time
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord
from faust.types import TP
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.ids import Partition
from recomind.model.served_lists import ServedListEvent, decode_served_list
from recomind.runtime.presence import Presence
from recomind.state.served_lists import MAX_USERS, RETENTION_S, ServedLists
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end

logger = get_logger(__name__)

MAX_WAITING: Final = 20_000
"""Lists of a partition that wait for actions to be folded; beyond it the agent waits, unless a batch needs more."""

POLL_INTERVAL_S: Final = 0.005
RETRY_DELAY_S: Final = 0.5


class Logged(NamedTuple):
    """A served list in the log."""

    offset: int
    at: float
    """When Kafka appended it, epoch seconds."""
    event: ServedListEvent


ReadSince = Callable[[Partition, float], AsyncIterator[tuple[Partition, Sequence[ConsumerRecord]]]]
"""Reads a partition's records that were logged at a time or later, up to the committed offset."""


class ServedListWindow:
    """The latest served lists of the users of this worker, and which of these users are present."""

    def __init__(
        self,
        partitions: int,
        read_since: ReadSince,
        end_of: Callable[[Partition], int],
        should_stop: Callable[[], bool],
        on_read_again: Callable[[Partition, Sequence[Logged]], None] = lambda *_: None,
        now: Callable[[], float] = time,
    ) -> None:
        """Create a window without partitions.

        Args:
            partitions: of the topic.
            read_since: reads the log.
            end_of: the end of a partition as far as Kafka has told it; 0 if it has not.
            should_stop: whether the worker stops.
            on_read_again: called with lists of a new partition that were read again.
            now: the clock of the log, epoch seconds.
        """
        self.presence = Presence(now)
        self._max_users = max(1, MAX_USERS // partitions)
        self._read_since = read_since
        self._end_of = end_of
        self._should_stop = should_stop
        self._on_read_again = on_read_again
        self._lists: dict[Partition, ServedLists] = {}
        """Partition to its lists, of partitions whose latest lists have been read again."""
        self._needed_until: dict[Partition, float] = {}
        """Partition to the log time until which a batch of actions needs lists."""
        self._locks: dict[Partition, asyncio.Lock] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lists.values()))

    def lists(self, partition: Partition) -> ServedLists:
        """The lists of a partition that `prepare` has been called for."""
        return self._lists.setdefault(partition, ServedLists(self._max_users))

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop the lists of all other partitions."""
        self._lists = {one: lists for one, lists in self._lists.items() if one in partitions}
        self.presence.retain_partitions(partitions)

    async def prepare(self, partition: Partition, first_at: float, last_at: float) -> None:
        """Wait for all lists that actions logged between two times (epoch seconds) have to be joined with."""
        await self._restore(partition, first_at - RETENTION_S)
        lists, end = self.lists(partition), self._end_of(partition)
        self._needed_until[partition] = last_at
        while lists.next_offset < end and lists.logged_until <= last_at and not self._should_stop():
            if self._lists.get(partition) is not lists:
                return  # the partition has moved
            await asyncio.sleep(POLL_INTERVAL_S)

    async def put(self, partition: Partition, records: Sequence[ConsumerRecord]) -> Sequence[Logged]:
        """Put records that were fetched; wait while too many wait for actions. Returns the lists in them."""
        await self._restore(partition, records[0].timestamp / 1000 - RETENTION_S)
        lists = self.lists(partition)
        found = self._put_records(partition, lists, records)
        while lists.waiting > MAX_WAITING and lists.logged_until > self._needed_until.get(partition, 0.0):
            if self._lists.get(partition) is not lists or self._should_stop():
                break
            await asyncio.sleep(POLL_INTERVAL_S)
        return found

    async def _restore(self, partition: Partition, since: float) -> None:
        """Read the lists of a new partition that were logged after a time."""
        async with self._locks.setdefault(partition, asyncio.Lock()):
            while partition not in self._lists:
                lists = ServedLists(self._max_users)
                try:
                    async for _, records in self._read_since(partition, since):
                        self._on_read_again(partition, self._put_records(partition, lists, records))
                except UnavailableError as error:
                    logger.warning("actions wait until served lists can be read: %s", error)
                    if self._should_stop():
                        raise
                    await asyncio.sleep(RETRY_DELAY_S)
                    continue
                self._lists[partition] = lists

    def _put_records(
        self, partition: Partition, lists: ServedLists, records: Sequence[ConsumerRecord]
    ) -> Sequence[Logged]:
        """Put records, as `put_records`, and note that their users got lists."""
        found = put_records(lists, records)
        for _, at, event in found:
            self.presence.note_request(partition, event.user_id, at)
        return found


def window_of(app: Any) -> ServedListWindow:
    """The window of a worker's app over Kafka."""
    kafka, topic = client_options(app.options), topics.SERVED_LISTS

    async def read_since(
        partition: Partition, since: float
    ) -> AsyncIterator[tuple[Partition, Sequence[ConsumerRecord]]]:
        committed = app.consumer._committed_offset.get(TP(topic, partition)) or 0
        if committed:
            async for one in read_to_end(kafka, topic, [partition], until={partition: committed}, since=since):
                yield one

    def end_of(partition: Partition) -> int:
        end: int = app.monitor.tp_end_offsets.get(TP(topic, partition), 0)
        return end

    def remember(partition: Partition, found: Sequence[Logged]) -> None:
        for one in found:
            app.served_figures.remember_list(partition, one.at, one.event)
        promote_present(app, found)

    now = app.kafka_producer.clock.now
    return ServedListWindow(app.options.partitions, read_since, end_of, lambda: app.should_stop, remember, now)


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
