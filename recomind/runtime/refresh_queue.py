"""News: the people whose list does not count their latest actions yet.

Commits do not wait for lists: under a backlog a person is ranked once for many actions, in the newest state. That
no action is left out for ever, whatever crashes, is the business of marks. A partition's mark is an absolute value
in the read model: lane to an offset below which every action is in its person's list. Whoever takes the partition
over ranks everybody whose profile has applied an action at or above it. (`docs/decisions/0023-lists-behind-a-mark.md`)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain, islice
from typing import NamedTuple

from recomind.model.applied_offsets import Origins
from recomind.model.signals import Origin
from recomind.state.profile import Profile


class Waiting(NamedTuple):
    """A person with news."""

    partition: int
    profile: Profile
    since: Origins
    """Lane to an offset below which the person's actions are in the list."""
    taken: float | None = None
    """When the log took the first of those that are not, epoch seconds; None: an earlier owner knew."""


class News:
    """Who waits for a list, and who is being ranked."""

    def __init__(self, on_news: Callable[[], object] = lambda: None) -> None:
        """Make one.

        Args:
            on_news: called whenever somebody has begun to wait.
        """
        self._on_news = on_news
        self._waiting: dict[str, Waiting] = {}
        self._in_work: dict[str, Waiting] = {}
        self._reached: dict[int, Origins] = {}
        self._begun: set[int] = set()
        self._doubted: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_work)

    def begin(self, partition: int, people: Mapping[str, Profile], since: Origins, reached: Origins) -> None:
        """Take a partition on.

        Args:
            partition: which.
            people: those whose lists may not count all that their profiles do.
            since: its last owner's mark.
            reached: lane to the offset after the last one that any of its profiles has applied.
        """
        known = self._reached.get(partition, {})
        self._reached[partition] = {lane: max(reached.get(lane, 0), known.get(lane, 0)) for lane in reached | known}
        self._begun.add(partition)
        self._doubted.discard(partition)
        self.wait(partition, people, {lane: since.get(lane, 0) for lane in reached})

    def add(
        self, partition: int, people: Mapping[str, Profile], origins: Iterable[Origin], taken: float | None = None
    ) -> None:
        """People have news from actions of these origins; a batch at a time, in the order of the log.

        Args:
            partition: whose log it is.
            people: as they are now.
            origins: of the actions.
            taken: when the log took the first of them, epoch seconds.
        """
        since: Origins = {}
        reached = self._reached.setdefault(partition, {})
        for origin in origins:
            since.setdefault(origin.lane, origin.offset)
            reached[origin.lane] = max(origin.offset + 1, reached.get(origin.lane, 0))
        for user_id, profile in people.items():
            earlier = self._waiting.get(user_id)
            if earlier is not None:  # what came earlier is lower: only lanes that are new to it matter
                waits_since = earlier.since if since.keys() <= earlier.since.keys() else {**since, **earlier.since}
                self._waiting[user_id] = Waiting(partition, profile, waits_since, earlier.taken)
            else:
                self._waiting[user_id] = Waiting(partition, profile, since, taken)
        self._on_news()

    def wait(self, partition: int, people: Mapping[str, Profile], since: Origins, taken: float | None = None) -> None:
        """People wait for a list, as they are now: an earlier state is superseded."""
        for user_id, profile in people.items():
            earlier = self._waiting.get(user_id)
            lowest = _lowest(since, earlier.since) if earlier else since
            first = taken if taken is not None or earlier is None else earlier.taken
            self._waiting[user_id] = Waiting(partition, profile, lowest, first)
        self._on_news()

    def take(self, most: int) -> dict[str, Profile]:
        """Those who have waited longest, to be ranked; then comes `done` or `put_back`."""
        self._in_work = dict(islice(self._waiting.items(), most))
        for user_id in self._in_work:
            del self._waiting[user_id]
        return {user_id: one.profile for user_id, one in self._in_work.items()}

    def done(self) -> Sequence[float]:
        """The lists of those taken are stored. Returns when the log took each one's first action, where it is known."""
        stored, self._in_work = self._in_work, {}
        return [one.taken for one in stored.values() if one.taken is not None]

    def put_back(self) -> None:
        """The lists of those taken could not be stored: they wait again, in their newest state."""
        again, self._in_work = self._in_work, {}
        for user_id, one in again.items():
            newer = self._waiting.get(user_id, one).profile
            if one.partition in self._reached:
                self.wait(one.partition, {user_id: newer}, one.since, one.taken)

    def keep_only(self, partitions: Set[int]) -> None:
        """Forget the people of other partitions: they are their new owners' business."""
        self._waiting = {user_id: one for user_id, one in self._waiting.items() if one.partition in partitions}
        self._reached = {partition: some for partition, some in self._reached.items() if partition in partitions}
        self._begun &= partitions
        self._doubted &= partitions

    def doubt(self, partition: int) -> None:
        """Take a partition on once more, without faith in its mark: Redis may have old lists and a newer mark."""
        self._begun.discard(partition)
        self._doubted.add(partition)

    def is_doubted(self, partition: int) -> bool:
        """Whether a partition's mark may promise too much."""
        return partition in self._doubted

    def has_begun(self, partition: int) -> bool:
        """Whether a partition has been taken on."""
        return partition in self._begun

    def marks(self) -> dict[int, Origins]:
        """The marks of the partitions that have been taken on, as of now."""
        marks = {partition: dict(self._reached[partition]) for partition in self._begun}
        for one in chain(self._waiting.values(), self._in_work.values()):
            if one.partition in marks:
                marks[one.partition] = _lowest(marks[one.partition], one.since)
        return marks


def _lowest(one: Origins, other: Origins) -> Origins:
    return {**one, **{lane: min(offset, one.get(lane, offset)) for lane, offset in other.items()}}
