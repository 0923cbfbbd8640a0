"""The refresh queue: the users whose stored list does not count their latest actions yet.

Commits do not wait for lists: under a backlog a user is ranked once for many actions, from the newest profile. Low
watermarks ensure that no action is left out of its user's list for ever, whatever crashes. A partition's watermark maps
each source to the offset before which all actions are counted in their users' lists. It is an absolute value in the
read model. The worker that takes a partition over queues each user whose profile has applied an action at or above it
(`docs/decisions/0023-asynchronous-ranking-with-a-low-watermark.md`).

Invariant: a watermark may lag behind the lists, it never leads them.

A user is in one of three states, or both pending and in work, if an action arrives while the user is being ranked:

                  add, adopt             next_batch              complete
    up to date -------------> pending -------------> in work -------------> up to date
                              ^   | ^                   |
                              |   | |                   |
                              +---+ +-------------------+
                               add         requeue

A partition has a watermark only while it is adopted. It is dropped from every state by `retain_partitions`:

                     adopt              invalidate_watermark
    not adopted -------------> adopted ----------------------> invalid
                                  ^                               |
                                  +-------------------------------+
                                    adopt, without a watermark
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain, islice
from typing import NamedTuple

from recomind.model.applied_offsets import Watermark
from recomind.model.signals import SourceOffset
from recomind.state.profile import Profile


class PendingRefresh(NamedTuple):
    """A user whose list does not count all of their actions."""

    partition: int
    profile: Profile
    """The newest."""
    counted_before: Watermark
    """Source to the offset before which the user's actions are counted in the list."""
    logged_at: float | None = None
    """When Kafka appended the first action that is not, epoch seconds; None: only an earlier owner knew."""


class RefreshQueue:
    """Users pending a refresh, users in work, and the watermarks that follow from both."""

    def __init__(self, on_pending: Callable[[], object] = lambda: None) -> None:
        """Create an empty queue.

        Args:
            on_pending: called whenever users have become pending.
        """
        self._on_pending = on_pending
        self._pending: dict[str, PendingRefresh] = {}
        self._in_work: dict[str, PendingRefresh] = {}
        self._next_offsets: dict[int, Watermark] = {}
        """Partition to, by source, the offset after the last action known here."""
        self._adopted: set[int] = set()
        self._invalid: set[int] = set()

    def __len__(self) -> int:
        return len(self._pending) + len(self._in_work)

    def adopt(
        self, partition: int, profiles: Mapping[str, Profile], watermark: Watermark, next_offsets: Watermark
    ) -> None:
        """Adopt a partition, so that it has a watermark.

        Args:
            partition: which.
            profiles: those whose lists may not count all actions of the profile.
            watermark: as its last owner stored it; empty if it is not to be trusted.
            next_offsets: source to the offset after the last one that any of the partition's profiles has applied.
        """
        known = self._next_offsets.get(partition, {})
        self._next_offsets[partition] = {
            source: max(next_offsets.get(source, 0), known.get(source, 0)) for source in next_offsets | known
        }
        self._adopted.add(partition)
        self._invalid.discard(partition)
        self._queue(partition, profiles, {source: watermark.get(source, 0) for source in next_offsets})

    def add(
        self,
        partition: int,
        profiles: Mapping[str, Profile],
        source_offsets: Iterable[SourceOffset],
        logged_at: float | None = None,
    ) -> None:
        """Queue the users of a batch of actions. Batches of a partition come in the order of its log.

        Args:
            partition: of the log.
            profiles: the users' profiles after the batch.
            source_offsets: of the actions.
            logged_at: when Kafka appended the first of them, epoch seconds.
        """
        counted_before: Watermark = {}
        next_offsets = self._next_offsets.setdefault(partition, {})
        for one in source_offsets:
            counted_before.setdefault(one.source, one.offset)
            next_offsets[one.source] = max(one.offset + 1, next_offsets.get(one.source, 0))
        for user_id, profile in profiles.items():
            earlier = self._pending.get(user_id)
            if earlier is None:
                self._pending[user_id] = PendingRefresh(partition, profile, counted_before, logged_at)
                continue
            bounds = earlier.counted_before  # of an earlier batch, so lower: only sources that it lacks are added
            if not counted_before.keys() <= bounds.keys():
                bounds = {**counted_before, **bounds}
            self._pending[user_id] = PendingRefresh(partition, profile, bounds, earlier.logged_at)
        self._on_pending()

    def next_batch(self, most: int) -> dict[str, Profile]:
        """Take the users that have been pending longest into work; end it with `complete` or `requeue`."""
        self._in_work = dict(islice(self._pending.items(), most))
        for user_id in self._in_work:
            del self._pending[user_id]
        return {user_id: one.profile for user_id, one in self._in_work.items()}

    def complete(self) -> Sequence[float]:
        """End the work: the lists are stored. Returns each user's `logged_at`, where it is known."""
        stored, self._in_work = self._in_work, {}
        return [one.logged_at for one in stored.values() if one.logged_at is not None]

    def requeue(self) -> None:
        """End the work: the lists could not be stored. The users are pending again, with their newest profile."""
        failed, self._in_work = self._in_work, {}
        for user_id, one in failed.items():
            newest = self._pending.get(user_id, one).profile
            if one.partition in self._next_offsets:
                self._queue(one.partition, {user_id: newest}, one.counted_before, one.logged_at)

    def retain_partitions(self, partitions: Set[int]) -> None:
        """Drop all other partitions and their users: they have other owners now."""
        self._pending = {user_id: one for user_id, one in self._pending.items() if one.partition in partitions}
        self._next_offsets = {one: offsets for one, offsets in self._next_offsets.items() if one in partitions}
        self._adopted &= partitions
        self._invalid &= partitions

    def invalidate_watermark(self, partition: int) -> None:
        """Have a partition adopted again without its watermark: after a restore of Redis it may lead the lists."""
        self._adopted.discard(partition)
        self._invalid.add(partition)

    def is_watermark_invalid(self, partition: int) -> bool:
        """Whether the stored watermark of a partition may lead its lists."""
        return partition in self._invalid

    def adopted(self, partition: int) -> bool:
        """Whether a partition has been adopted."""
        return partition in self._adopted

    def watermarks(self) -> dict[int, Watermark]:
        """The current watermarks of the adopted partitions."""
        watermarks = {partition: dict(self._next_offsets[partition]) for partition in self._adopted}
        for one in chain(self._pending.values(), self._in_work.values()):
            if one.partition in watermarks:
                watermarks[one.partition] = _lower(watermarks[one.partition], one.counted_before)
        return watermarks

    def _queue(
        self,
        partition: int,
        profiles: Mapping[str, Profile],
        counted_before: Watermark,
        logged_at: float | None = None,
    ) -> None:
        """Make users pending; the given profiles supersede those of users that already are."""
        for user_id, profile in profiles.items():
            earlier = self._pending.get(user_id)
            bounds = _lower(counted_before, earlier.counted_before) if earlier else counted_before
            first = logged_at if logged_at is not None or earlier is None else earlier.logged_at
            self._pending[user_id] = PendingRefresh(partition, profile, bounds, first)
        self._on_pending()


def _lower(one: Watermark, other: Watermark) -> Watermark:
    """The lower of two offsets for each source of either."""
    return {**one, **{source: min(offset, one.get(source, offset)) for source, offset in other.items()}}
