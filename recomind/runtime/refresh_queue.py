"""The refresh queue: the users whose stored list does not count their latest actions yet, those who look first.

Commits do not wait for lists: under a backlog a user is ranked once for many actions, from the newest profile. Low
watermarks ensure that no action is left out of its user's list for ever, whatever crashes. They are absolute values in
the read model, a partition's watermark maps each source to an offset:

- `listed`: a user without an action at or above it has a list that counts all of their actions. The worker that takes a
  partition over queues each user whose profile has applied an action at or above it: of these the list may be dropped.
- `current`: before it, no stored list lacks an action: it is counted, or the user's list was dropped.

(`docs/decisions/0023-asynchronous-ranking-with-a-low-watermark.md`, `docs/decisions/0054-those-who-look-come-first.md`)

Invariant: a watermark may lag behind the lists, it never leads them.

A user is pending with one priority, or in work, or both, if an action arrives while the user is in work:

                 add, adopt                       complete
    up to date ─────────────> DUE ────────────> in work ────> up to date
        │                      ^                   ^
        │                      │ promote           │
        │       add, adopt     │        complete   │
        └────────────────> OUTDATED ──> in work ──>├── PRESENT, or
                                                   └── ABSENT

`requeue` returns users in work to what they were. A partition has watermarks only while it is adopted. It is dropped
from every state by `retain_partitions`:

                     adopt              invalidate_watermark
    not adopted -------------> adopted ----------------------> invalid
                                  ^                               |
                                  +-------------------------------+
                                    adopt, without a watermark
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from enum import IntEnum
from itertools import chain, islice
from typing import NamedTuple, Protocol

from recomind.model.applied_offsets import Watermark
from recomind.model.ids import Partition
from recomind.model.signals import SourceOffset
from recomind.state.profile import Profile


class Priority(IntEnum):
    """What is to be done for a pending user; the lowest number comes first."""

    DUE = 0
    """The user has asked since the last list: rank."""
    OUTDATED = 1
    """Another user, whose stored list may lack actions: drop it."""
    PRESENT = 2
    """The outdated list was dropped, of a user who asked lately: rank when there is time."""
    ABSENT = 3
    """The same of any other user."""


class Users(Protocol):
    """What decides a user's priority, see `recomind.runtime.presence`."""

    def is_due(self, user_id: str) -> bool: ...  # noqa: D102
    def is_present(self, user_id: str) -> bool: ...  # noqa: D102


class PendingRefresh(NamedTuple):
    """A user whose list does not count all of their actions."""

    partition: Partition
    profile: Profile
    """The newest."""
    counted_before: Watermark
    """Source to the offset before which the user's actions are counted in a list that was made."""
    current_before: Watermark | None
    """The same for lists that were made or dropped; None: no stored list lacks any action."""
    logged_at: float | None = None
    """When Kafka appended the first action that a stored list may lack, epoch seconds; None: unknown, or there is
    none."""

    def joined(self, earlier: "PendingRefresh") -> "PendingRefresh":
        """This, for a user who was pending before."""
        bounds = [one for one in (self.current_before, earlier.current_before) if one is not None]
        return PendingRefresh(
            self.partition,
            self.profile,
            _lower(self.counted_before, earlier.counted_before),
            _lower(bounds[0], bounds[-1]) if bounds else None,
            self.logged_at if earlier.logged_at is None else earlier.logged_at,
        )


class Watermarks(NamedTuple):
    """The two watermarks of a partition."""

    listed: Watermark
    current: Watermark


class RefreshQueue:
    """Users pending a refresh, users in work, and the watermarks that follow from both."""

    def __init__(self, users: Users, on_pending: Callable[[], object] = lambda: None) -> None:
        """Create an empty queue.

        Args:
            users: decides priorities.
            on_pending: called whenever users have become pending.
        """
        self._users = users
        self._on_pending = on_pending
        self._pending: dict[Priority, dict[str, PendingRefresh]] = {priority: {} for priority in Priority}
        self._in_work: dict[str, PendingRefresh] = {}
        self._work = Priority.DUE
        """The priority of the users in work."""
        self._next_offsets: dict[Partition, Watermark] = {}
        """Partition to, by source, the offset after the last action known here."""
        self._adopted: set[Partition] = set()
        self._invalid: set[Partition] = set()

    def __len__(self) -> int:
        return sum(map(len, self._pending.values())) + len(self._in_work)

    @property
    def without_list(self) -> int:
        """How many users are pending whose outdated list was dropped."""
        return len(self._pending[Priority.PRESENT]) + len(self._pending[Priority.ABSENT])

    @property
    def first_priority(self) -> Priority | None:
        """The first priority with which users are pending; None if there are none."""
        return next((priority for priority, users in self._pending.items() if users), None)

    def adopt(
        self, partition: Partition, profiles: Mapping[str, Profile], watermark: Watermark, next_offsets: Watermark
    ) -> None:
        """Adopt a partition, so that it has watermarks.

        Args:
            partition: which.
            profiles: those whose lists may not count all actions of the profile.
            watermark: `listed` as its last owner stored it; empty if it is not to be trusted.
            next_offsets: source to the offset after the last one that any of the partition's profiles has applied.
        """
        known = self._next_offsets.get(partition, {})
        self._next_offsets[partition] = {
            source: max(next_offsets.get(source, 0), known.get(source, 0)) for source in next_offsets | known
        }
        self._adopted.add(partition)
        self._invalid.discard(partition)
        bounds = {source: watermark.get(source, 0) for source in next_offsets}
        for user_id, profile in profiles.items():
            self._put(user_id, PendingRefresh(partition, profile, bounds, bounds))
        self._on_pending()

    def add(
        self,
        partition: Partition,
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
        bounds: Watermark = {}
        next_offsets = self._next_offsets.setdefault(partition, {})
        for one in source_offsets:
            bounds.setdefault(one.source, one.offset)
            next_offsets[one.source] = max(one.offset + 1, next_offsets.get(one.source, 0))
        for user_id, profile in profiles.items():
            self._put(user_id, PendingRefresh(partition, profile, bounds, bounds, logged_at))
        self._on_pending()

    def promote(self, user_id: str) -> None:
        """Have a user who has just asked ranked at once, if they are pending."""
        for priority in (Priority.OUTDATED, Priority.PRESENT, Priority.ABSENT):
            pending = self._pending[priority].pop(user_id, None)
            if pending is not None:
                self._pending[Priority.DUE][user_id] = pending
                self._on_pending()

    def next_batch(self, priority: Priority, most: int) -> dict[str, Profile]:
        """Take the users that have been pending longest with a priority into work.

        End the work with `complete` or `requeue`.
        """
        pending, self._work = self._pending[priority], priority
        self._in_work = dict(islice(pending.items(), most))
        for user_id in self._in_work:
            del pending[user_id]
        return {user_id: one.profile for user_id, one in self._in_work.items()}

    @property
    def dropped_in_work(self) -> list[str]:
        """The users in work whose outdated list was dropped: a request may have made a new one."""
        return [user_id for user_id, one in self._in_work.items() if one.current_before is None]

    def complete(self) -> Sequence[float]:
        """End the work: lists are stored, or outdated ones dropped; then the users are pending for a new one.

        Returns:
            Each user's `logged_at`, where it is known.
        """
        done, self._in_work = self._in_work, {}
        if self._work is Priority.OUTDATED:
            for user_id, one in done.items():
                if one.partition in self._next_offsets and not one.profile.is_erased:
                    priority = Priority.PRESENT if self._users.is_present(user_id) else Priority.ABSENT
                    self._put_back(user_id, one._replace(current_before=None, logged_at=None), priority)
        return [one.logged_at for one in done.values() if one.logged_at is not None]

    def requeue(self) -> None:
        """End the work: it has failed. The users are pending again, with their newest profile."""
        failed, self._in_work = self._in_work, {}
        for user_id, one in failed.items():
            if one.partition in self._next_offsets:
                self._put_back(user_id, one, self._work)
        self._on_pending()

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop all other partitions and their users: they have other owners now."""
        for priority, users in self._pending.items():
            self._pending[priority] = {user_id: one for user_id, one in users.items() if one.partition in partitions}
        self._next_offsets = {one: offsets for one, offsets in self._next_offsets.items() if one in partitions}
        self._adopted &= partitions
        self._invalid &= partitions

    def invalidate_watermark(self, partition: Partition) -> None:
        """Have a partition adopted again without its watermark: after a restore of Redis it may lead the lists."""
        self._adopted.discard(partition)
        self._invalid.add(partition)

    def is_watermark_invalid(self, partition: Partition) -> bool:
        """Whether the stored watermark of a partition may lead its lists."""
        return partition in self._invalid

    def adopted(self, partition: Partition) -> bool:
        """Whether a partition has been adopted."""
        return partition in self._adopted

    def watermarks(self) -> dict[Partition, Watermarks]:
        """The present watermarks of the adopted partitions."""
        ends = {partition: self._next_offsets[partition] for partition in self._adopted}
        listed = {partition: dict(offsets) for partition, offsets in ends.items()}
        current = {partition: dict(offsets) for partition, offsets in ends.items()}
        for one in self._all():
            if one.partition in ends:
                listed[one.partition] = _lower(listed[one.partition], one.counted_before)
                if one.current_before is not None:
                    current[one.partition] = _lower(current[one.partition], one.current_before)
        return {partition: Watermarks(listed[partition], current[partition]) for partition in ends}

    def _all(self) -> Iterator[PendingRefresh]:
        return chain(self._in_work.values(), *(users.values() for users in self._pending.values()))

    def _put(self, user_id: str, pending: PendingRefresh) -> None:
        """Make a user pending whose stored list may lack actions; the profile supersedes that of an earlier entry."""
        priority = Priority.DUE if self._users.is_due(user_id) else Priority.OUTDATED
        earlier, priority = self._take(user_id, priority)
        self._pending[priority][user_id] = pending if earlier is None else pending.joined(earlier)

    def _put_back(self, user_id: str, pending: PendingRefresh, priority: Priority) -> None:
        """Make a user pending who was in work; an entry that was made meanwhile has the newest profile."""
        later, priority = self._take(user_id, priority)
        self._pending[priority][user_id] = pending if later is None else later.joined(pending)

    def _take(self, user_id: str, priority: Priority) -> tuple[PendingRefresh | None, Priority]:
        """A user's entry, and the first of its priority and the given one; there the user keeps their place."""
        for known, users in self._pending.items():
            if user_id in users:
                return (users[user_id], known) if known <= priority else (users.pop(user_id), priority)
        return None, priority


def _lower(one: Watermark, other: Watermark) -> Watermark:
    """The lower of two offsets for each source of either."""
    return {**one, **{source: min(offset, one.get(source, offset)) for source, offset in other.items()}}
