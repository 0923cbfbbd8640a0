"""Served lists as events: handlers record them, and the worker that owns the user finds the list of an outcome.

    handler -> ServedListRecorder -> topic served_lists (by user) -> ServedListWindow -> features of an outcome

A handler never waits for Kafka. If an event is lost, an impression is lost, never a response: the outcome is then
learned as that of a video which was found another way.
"""

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Final, NamedTuple

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.ids import UserId
from recomind.model.served_lists import ServedListEvent, encode_served_list
from recomind.recommender.served import PLACE_BYTES, ShownFeatures, unpack
from recomind.stores.stored_lists import ServedList
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord

logger = get_logger(__name__)

SEND_INTERVAL_S: Final = 0.1
"""Time between two sends of recorded lists."""

MAX_RECORDED: Final = 1_000
"""Lists that are recorded between two sends; further ones are dropped and counted."""

MAX_RECENT_LISTS: Final = 50_000
"""Lists that are known to have been recorded: handing out the same list again is no new event."""

MAX_LISTS_PER_USER: Final = 4
"""The latest served lists of a user whose outcomes are awaited."""

MAX_USERS: Final = 10_000
"""Users whose lists are kept by a worker; those who were served longest ago are dropped."""

WINDOW_S: Final = 1_800.0
"""Time after which an action is no longer the outcome of a served list."""

Send = Callable[[str, Mapping[int, Sequence[ProducerRecord]]], Awaitable[None]]


class ServedListRecorder:
    """Collects the lists that handlers hand out."""

    def __init__(self, partitions: int, send: Send, on_drop: Callable[[], None]) -> None:
        self._partitions = partitions
        self._send = send
        self._on_drop = on_drop
        self._recorded: deque[tuple[str, int, float, ServedList]] = deque()
        self._recent: OrderedDict[tuple[str, bytes], int] = OrderedDict()
        """(user, encoded meta) to the number of places handed out."""

    def record(self, user_id: str, n: int, at: float, served: ServedList) -> None:
        """Record a list of which the first `n` places are handed out at an event time."""
        key = user_id, served.encoded_meta
        if self._recent.get(key, 0) >= n:
            return
        if len(self._recorded) >= MAX_RECORDED:
            self._on_drop()
            return
        self._recent[key] = n
        if len(self._recent) > MAX_RECENT_LISTS:
            self._recent.popitem(last=False)
        self._recorded.append((user_id, n, at, served))

    async def send(self) -> None:
        """Send what was recorded; what cannot be sent now is dropped."""
        events = [_event(*self._recorded.popleft()) for _ in range(len(self._recorded))]
        by_partition: dict[int, list[ProducerRecord]] = {}
        for event in events:
            record = ProducerRecord(event.user_id.encode(), encode_served_list(event))
            by_partition.setdefault(partition_of(event.user_id, self._partitions), []).append(record)
        try:
            await self._send(topics.SERVED_LISTS, by_partition)
        except UnavailableError as error:
            logger.warning("%d served lists were not recorded: %s", len(events), error)


class Served(NamedTuple):
    """A served list in the window."""

    partition: int
    logged_at: float
    """When Kafka appended it, epoch seconds."""
    event: ServedListEvent


class ServedListWindow:
    """The latest served lists of the users of this worker."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, tuple[Served, ...]] = OrderedDict()

    def add(self, partition: int, logged_at: float, event: ServedListEvent) -> None:
        """Add a list of a user in one of the worker's partitions."""
        known = self._lists.pop(event.user_id, ())
        self._lists[event.user_id] = (Served(partition, logged_at, event), *known[: MAX_LISTS_PER_USER - 1])
        if len(self._lists) > MAX_USERS:
            self._lists.popitem(last=False)

    def find(self, user_id: str, video_id: str, logged_at: float) -> ShownFeatures | None:
        """The features of a video in the latest list that was served with it to a user, not too long before a time."""
        for served in self._lists.get(user_id, ()):
            if video_id in served.event.video_ids and logged_at - served.logged_at <= WINDOW_S:
                place = served.event.video_ids.index(video_id)
                return unpack(served.event.shown, place)
        return None

    def erase(self, user_id: str) -> None:
        """Drop a user's lists."""
        self._lists.pop(user_id, None)

    def retain_partitions(self, partitions: Set[int]) -> None:
        """Drop the lists of all other partitions."""
        owned = ((user, some) for user, some in self._lists.items() if some[0].partition in partitions)
        self._lists = OrderedDict(owned)

    def __len__(self) -> int:
        return len(self._lists)


def _event(user_id: str, n: int, at: float, served: ServedList) -> ServedListEvent:
    meta = served.shown_meta
    return ServedListEvent(
        meta.list_id, UserId(user_id), at, meta.version, meta.video_ids[:n], meta.shown[: n * PLACE_BYTES]
    )
