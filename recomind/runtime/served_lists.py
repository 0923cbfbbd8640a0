"""Served lists as events: handlers record them, and the worker that owns the user finds the list of an outcome.

    handler -> ServedListRecorder -> topic served_lists (by user) -> ServedListWindow -> features of an outcome
                                                                     (runtime.served_list_window)

A handler never waits for Kafka. A lost event costs an impression, never a response: an action on the list is then
learned from as on a video that was not served.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from time import monotonic, time
from typing import Final, NamedTuple

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.ids import Partition, UserId
from recomind.model.served_lists import ServedListEvent, encode_served_list
from recomind.recommender import place_sources
from recomind.recommender.policy.policy import ListRequest
from recomind.recommender.served import first_places
from recomind.stores.stored_lists import ServedList
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord

logger = get_logger(__name__)

SEND_INTERVAL_S: Final = 0.02
"""Time between two sends of recorded lists: an action on a list is to be logged after it."""

FLUSH_TIMEOUT_S: Final = 0.1
"""Longest time for which an action waits for the lists of its user to be sent."""

MAX_RECORDED: Final = 1_000
"""Lists that are recorded between two sends; further ones are dropped and counted."""

REPEAT_INTERVAL_S: Final = 10.0
"""Time within which the same list is recorded once: a user who reloads a page sees the same places again."""

MAX_RECENT_LISTS: Final = 50_000
"""Lists that are known to have been recorded: the event of handing the same list out again has no features."""

Send = Callable[[str, Mapping[Partition, Sequence[ProducerRecord]]], Awaitable[None]]


class _HandOut(NamedTuple):
    """A list that was handed out."""

    asked: ListRequest
    n: int
    """Places."""
    at: float
    """Event time, epoch seconds."""
    handed_out_at: float
    """By the clock of the log, epoch seconds."""
    served: ServedList
    is_new: bool
    """Whether it had not been handed out before with as many places."""


class _Recorded(NamedTuple):
    """The last event of a list."""

    n: int
    """Places that were handed out with features."""
    at: float
    """By the clock of the recorder, seconds."""


class ServedListRecorder:
    """Collects the lists that handlers hand out."""

    def __init__(
        self,
        partitions: int,
        send: Send,
        on_drop: Callable[[], None],
        log_now: Callable[[], float] = time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Nothing is recorded yet.

        Args:
            partitions: of the topic.
            send: sends records.
            on_drop: called for a list that is not recorded.
            log_now: the clock of the log, epoch seconds.
            clock: seconds.
        """
        self._log_now = log_now
        self._clock = clock
        self._partitions = partitions
        self._send = send
        self._on_drop = on_drop
        self._recorded: deque[_HandOut] = deque()
        self._acted: set[str] = set()
        """Users who have acted here since their last event, at most `MAX_RECENT_LISTS`."""
        self._unsent: set[str] = set()
        """Users whose lists are recorded, or on their way to Kafka."""
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._recent: OrderedDict[tuple[str, str | bytes], _Recorded] = OrderedDict()
        """User and list to its last event; a list that an earlier version has stored is named by its encoded meta."""

    def record(self, asked: ListRequest, n: int, at: float, served: ServedList, *, repeats: bool = True) -> None:
        """Record a list of which the first `n` places are handed out.

        Args:
            asked: the request.
            n: places.
            at: event time, epoch seconds.
            served: the list.
            repeats: whether to record also a list that was recorded before, if the user has acted since or
                `REPEAT_INTERVAL_S` have passed; its event then has no features.
        """
        user_id = asked.user_id
        key, now = (user_id, served.list_id or served.encoded_meta), self._clock()
        known = self._recent.get(key)
        is_known = known is not None and known.n >= n
        if known is not None and is_known:
            is_recent = now - known.at < REPEAT_INTERVAL_S and user_id not in self._acted
            if is_recent or not repeats:
                return
        if len(self._recorded) >= MAX_RECORDED:
            self._on_drop()
            return
        self._recent[key] = _Recorded(n if known is None else max(n, known.n), now)
        self._recent.move_to_end(key)
        if len(self._recent) > MAX_RECENT_LISTS:
            self._recent.popitem(last=False)
        self._recorded.append(_HandOut(asked, n, at, self._log_now(), served, not is_known))
        self._acted.discard(user_id)
        self._unsent.add(user_id)

    async def flush(self, user_ids: Collection[str]) -> None:
        """Return once the lists of these users, who act, have been sent, or after `FLUSH_TIMEOUT_S`.

        An action is logged after it: users, and programs above all, may act within milliseconds of a response.
        """
        if len(self._acted) + len(user_ids) <= MAX_RECENT_LISTS:
            self._acted.update(user_ids)
        if self._unsent and not self._unsent.isdisjoint(user_ids):
            sending = asyncio.create_task(self.send())
            self._tasks.add(sending)
            sending.add_done_callback(self._tasks.discard)
            await asyncio.wait({sending}, timeout=FLUSH_TIMEOUT_S)

    async def send(self) -> None:
        """Send what was recorded; what cannot be sent now is dropped."""
        async with self._sending:
            events = [_event(self._recorded.popleft()) for _ in range(len(self._recorded))]
            if events:
                await self._send_events(events)
            self._unsent = {one.asked.user_id for one in self._recorded}

    async def _send_events(self, events: Sequence[ServedListEvent]) -> None:
        by_partition: dict[Partition, list[ProducerRecord]] = {}
        for event in events:
            record = ProducerRecord(event.user_id.encode(), encode_served_list(event))
            by_partition.setdefault(partition_of(event.user_id, self._partitions), []).append(record)
        try:
            await self._send(topics.SERVED_LISTS, by_partition)
        except UnavailableError as error:
            logger.warning("%d served lists were not recorded: %s", len(events), error)


def _event(one: _HandOut) -> ServedListEvent:
    meta, n = one.served.shown_meta, one.n
    return ServedListEvent(
        meta.list_id,
        UserId(one.asked.user_id),
        one.at,
        meta.version,
        meta.video_ids[:n],
        first_places(meta.shown, n, len(meta.video_ids)) if one.is_new else b"",
        scenario=meta.scenario,
        handed_out_at=one.handed_out_at,
        place_sources=meta.place_sources[: n * place_sources.PLACE_BYTES],
        is_control=meta.is_control,
        arms=meta.arms,
        teams=meta.teams[:n],
        is_ranker_left_out=meta.is_ranker_left_out,
        local=one.asked.local,
        likely_country=one.asked.likely_country,
    )
