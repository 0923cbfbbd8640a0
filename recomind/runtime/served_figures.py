"""Attributes actions to served lists, in the worker that owns the user: the figures of /operations and /metrics.

    served_lists -> add_list ----+-> known lists of the user --+
                                 |                             v
    actions ------> add_action --+-> waits `GRACE_S` --> attribute_due -> counts of the partition

An action counts for the latest list with its video that was handed out to the user before it, by the clock of the log.
The event of a list may be read after the action, since handlers send recorded lists at intervals. So actions wait.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Set
from time import monotonic
from typing import Final, NamedTuple

from msgspec.structs import replace

from recomind.experiments.tallies import ExperimentTallies, outcome_of, watch_share
from recomind.model.events import Action
from recomind.model.ids import Partition
from recomind.model.served_lists import ServedListEvent
from recomind.recommender import place_sources
from recomind.runtime import served_counts
from recomind.runtime.served_counts import (
    ACTED_ON,
    CONTROL,
    CONTROL_LISTS,
    LIKED,
    LIST_LIKES,
    LISTS,
    REPEATS,
    SHOWN,
    Counts,
    PartitionCounts,
)
from recomind.runtime.video_impressions import CatalogueFigures, VideoImpressions
from recomind.state.profile import Profile, has_seen
from recomind.state.served_lists import MAX_LISTS_PER_USER, MAX_USERS, WINDOW_S
from recomind.stores.served_statistics import StoredCounts

GRACE_S: Final = 2.0
"""For this long an action waits for the event of the list that it may belong to."""

MAX_KNOWN_LISTS: Final = 4 * MAX_LISTS_PER_USER
"""Lists of a user that are known: an action counts for one of the `MAX_LISTS_PER_USER` lists before it, and waits."""

HIT_PLACES: Final = 10
"""A first like is a hit if its video is among this many first places of the list before it."""


class _KnownList:
    """A list of a user, and which of its places were acted on and liked, as bits."""

    __slots__ = ("acted_on", "event", "handed_out_at", "has_first_like", "liked", "partition", "watched")

    def __init__(self, partition: Partition, logged_at: float, event: ServedListEvent) -> None:
        self.partition = partition
        self.event = replace(event, shown=b"")  # the features are not counted, and take most memory
        self.handed_out_at = _handed_out_at(event, logged_at)
        self.acted_on = self.liked = self.watched = 0
        self.has_first_like = False
        """Whether the first like after it has been counted."""

    def is_same(self, other: "_KnownList") -> bool:
        """Whether both are the same hand-out."""
        return self.event.list_id == other.event.list_id and self.handed_out_at == other.handed_out_at


def _handed_out_at(event: ServedListEvent, logged_at: float) -> float:
    return min(event.handed_out_at or logged_at, logged_at)


class _OpenAction(NamedTuple):
    """An action that waits for the event of its list."""

    due: float
    """By the clock of `ServedFigures`."""
    partition: Partition
    logged_at: float
    action: Action
    is_new: bool
    """Whether the user had not acted on the video before."""


class ServedFigures:
    """What the users of this worker's partitions were shown, and what they did with it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.since_start = served_counts.empty()
        """All counts since the start of the worker."""
        self.partitions: dict[Partition, PartitionCounts] = {}
        self.impressions = VideoImpressions()
        self.experiments = ExperimentTallies()
        self.catalogue: CatalogueFigures | None = None
        """What was shown of the catalogue, if this worker is the leader."""
        self.adopted: set[Partition] = set()
        """Partitions whose stored counts have been read: only then are counts stored."""
        self.changed: set[Partition] = set()
        """Partitions whose counts have changed since they were stored."""
        self._clock = clock
        self._lists: OrderedDict[str, list[_KnownList]] = OrderedDict()
        """The latest lists of a user, latest first."""
        self._open: deque[_OpenAction] = deque()

    def add_list(
        self, partition: Partition, offset: int, logged_at: float, event: ServedListEvent, before: Profile
    ) -> None:
        """Count a list that was handed out.

        Args:
            partition: the user's.
            offset: of the event; an event that counts already changes nothing.
            logged_at: when Kafka appended it, epoch seconds.
            event: the list.
            before: the user's profile, complete; it may hold what was acted on after the list was handed out.
        """
        counts = self._of(partition)
        if offset <= counts.lists_until and logged_at <= counts.lists_at:
            self.remember_list(partition, logged_at, event)
            return
        counts.lists_until, counts.lists_at = offset, logged_at
        self.remember_list(partition, logged_at, event)
        shown = self._shown_counts(event, logged_at, before)
        self._count(partition, logged_at, shown)
        if event.arms:
            self.experiments.count_list(partition, event, logged_at, int(shown[REPEATS, SHOWN]))
        self.impressions.add(partition, event.video_ids, logged_at)

    def remember_list(self, partition: Partition, logged_at: float, event: ServedListEvent) -> None:
        """Remember a list that counts already, so that its outcomes are recognised."""
        new, known = _KnownList(partition, logged_at, event), self._lists.pop(event.user_id, [])
        lists = known if any(one.is_same(new) for one in known) else [new, *known]
        lists.sort(key=lambda one: -one.handed_out_at)
        self._lists[event.user_id] = lists[:MAX_KNOWN_LISTS]
        if len(self._lists) > MAX_USERS:
            self._lists.popitem(last=False)

    def add_action(self, partition: Partition, logged_at: float, action: Action, *, is_new: bool) -> None:
        """Count an action once the event of its list must have come.

        Args:
            partition: the user's.
            logged_at: when Kafka appended it, epoch seconds.
            action: the action; one that is delivered again must not be given.
            is_new: whether the user had not acted on the video before.
        """
        self._open.append(_OpenAction(self._clock() + GRACE_S, partition, logged_at, action, is_new))

    def attribute_due(self) -> None:
        """Attribute the actions that have waited long enough."""
        now = self._clock()
        while self._open and self._open[0].due <= now:
            self._attribute(self._open.popleft())

    def adopt(self, partition: Partition, stored: StoredCounts, impressions: bytes) -> None:
        """Continue the stored counts and impressions of a partition that this worker has taken over."""
        self._of(partition).adopt(stored)
        self.experiments.adopt(partition, stored.experiments)
        self.impressions.adopt(partition, impressions)
        self.adopted.add(partition)

    def stored(self, partition: Partition) -> StoredCounts:
        """The counts of a partition in their stored form."""
        return replace(self.partitions[partition].stored(), experiments=self.experiments.stored(partition))

    def erase(self, user_id: str) -> None:
        """Forget a user's lists and waiting actions."""
        self.experiments.erase(user_id)
        self._lists.pop(user_id, None)
        self._open = deque(one for one in self._open if one.action.user_id != user_id)

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop what belongs to all other partitions."""
        self.partitions = {one: counts for one, counts in self.partitions.items() if one in partitions}
        self.impressions.retain_partitions(partitions)
        self.experiments.retain_partitions(partitions)
        self.adopted &= partitions
        self.changed &= partitions
        self._open = deque(one for one in self._open if one.partition in partitions)
        owned = ((user, known) for user, known in self._lists.items() if known[0].partition in partitions)
        self._lists = OrderedDict(owned)

    def windows(self, now: float) -> tuple[Counts, Counts]:
        """The sums of all partitions over the last 15 minutes and over the last 24 hours before a time."""
        for counts in self.partitions.values():
            counts.roll(now)
        parts = self.partitions.values()
        recent = sum((one.recent() for one in parts), served_counts.empty())
        return recent, sum((one.of_a_day() for one in parts), served_counts.empty())

    def _of(self, partition: Partition) -> PartitionCounts:
        return self.partitions.setdefault(partition, PartitionCounts())

    def _count(self, partition: Partition, logged_at: float, counts: Counts) -> None:
        self._of(partition).at(logged_at)[:] += counts
        self.since_start += counts
        self.changed.add(partition)

    def _shown_counts(self, event: ServedListEvent, logged_at: float, before: Profile) -> Counts:
        """The counts of a list that was shown."""
        places = len(event.video_ids)
        if event.is_control:
            counts = served_counts.empty()
            counts[CONTROL, SHOWN] = places
        else:
            counts = served_counts.places_counts(places, event.place_sources)
        counts[CONTROL_LISTS if event.is_control else LISTS, SHOWN] = 1
        counts[REPEATS, SHOWN] = self._repeats(event, _handed_out_at(event, logged_at), before)
        return counts

    def _repeats(self, event: ServedListEvent, handed_out_at: float, before: Profile) -> int:
        """How many of the videos the user had acted on before the list was handed out."""
        found = [video for video in event.video_ids if has_seen(before, video)] if before.seen else []
        if not found:
            return 0
        later = {
            one.action.video_id
            for one in self._open
            if one.action.user_id == event.user_id and one.logged_at >= handed_out_at and one.is_new
        }
        return sum(video not in later for video in found)

    def _attribute(self, one: _OpenAction) -> None:
        """Count an action as an outcome of the latest list with its video."""
        action, is_like = one.action, one.action.action_type == "like"
        known = [
            served
            for served in self._lists.get(action.user_id, ())
            if served.handed_out_at <= one.logged_at <= served.handed_out_at + WINDOW_S
        ][:MAX_LISTS_PER_USER]
        if not known:
            return
        if is_like and one.is_new and not known[0].has_first_like and not known[0].event.is_control:
            known[0].has_first_like = True
            added = served_counts.empty()
            added[LIST_LIKES, :2] = 1, action.video_id in known[0].event.video_ids[:HIT_PLACES]
            self._count(one.partition, one.logged_at, added)
        served = next((served for served in known if action.video_id in served.event.video_ids), None)
        if served is not None:
            self._count_outcome(one, served, is_like)

    def _count_outcome(self, one: _OpenAction, served: _KnownList, is_like: bool) -> None:
        event, place = served.event, served.event.video_ids.index(one.action.video_id)
        lists, rows = LISTS, [CONTROL]
        if event.is_control:
            lists = CONTROL_LISTS
        else:
            start = place * place_sources.PLACE_BYTES
            bits = int.from_bytes(event.place_sources[start : start + place_sources.PLACE_BYTES], "little")
            rows = served_counts.rows_of_place(place, bits)
        added, bit = served_counts.empty(), 1 << place
        if event.arms:
            self._count_for_arms(one, served, place)
        if not served.acted_on & bit:
            added[rows, ACTED_ON], added[lists, ACTED_ON] = 1, not served.acted_on
            served.acted_on |= bit
        if is_like and not served.liked & bit:
            added[rows, LIKED], added[lists, LIKED] = 1, not served.liked
            served.liked |= bit
        if added.any():
            self._count(one.partition, one.logged_at, added)

    def _count_for_arms(self, one: _OpenAction, served: _KnownList, place: int) -> None:
        action, bit = one.action, 1 << place
        counted = outcome_of(
            action,
            is_first=not served.acted_on & bit,
            is_first_like=action.action_type == "like" and not served.liked & bit,
            is_first_watch=not served.watched & bit,
        )
        if watch_share(action) is not None:
            served.watched |= bit
        if counted:
            self.experiments.count_outcome(one.partition, served.event, served.handed_out_at, place, counted)
            self.changed.add(one.partition)
