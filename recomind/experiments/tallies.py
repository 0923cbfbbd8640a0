"""What users of each arm were shown and did, by partition: counts by cluster of users, users, and distinct videos.

Counts are sums, users are sets and sketches are maxima, so those of partitions add up. `recomind.experiments` says what
they mean. A list or an outcome counts for all arms that the list carries.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.experiments.assignment import hash_of
from recomind.model.events import Action
from recomind.model.ids import Partition
from recomind.model.served_lists import ServedListEvent

CLUSTERS: Final = 128
"""Clusters of users of an arm and partition."""

SHOWN, ACTED_ON, LIKED, SKIPPED, REPEATS, WATCHED, WATCH_SHARE, CREDIT, LISTS, RANKER_LEFT_OUT = range(10)
"""Columns: shown places; those with an action, a like, a skip as the first action; whose video the user had acted on
before; with a time watched; the sum of the shares watched, in 1 / `WATCH_UNIT`; likes of the second ranker's places
less those of the first's; lists, and those that a ranker was left out of. They are stored: new ones are added at the
end, and are 0 in what an earlier version has stored."""

COLUMNS: Final = 10
WATCH_UNIT: Final = 1_000

MAX_USERS: Final = 20_000
"""Users of an experiment and partition that are counted; when one arm has as many, counting ends for all its arms."""

SKETCH_BITS: Final = 10
"""A sketch has 2^SKETCH_BITS registers."""

Sums = NDArray[np.int64]
"""Shape (CLUSTERS, COLUMNS)."""

_SECOND_TEAM: Final = 2


class StoredArm(msgspec.Struct, frozen=True, array_like=True):
    """An arm's tally as it is stored."""

    sums: bytes
    users: bytes
    """Fingerprints of 4 bytes."""
    sketch: bytes


class StoredTally(msgspec.Struct, frozen=True, array_like=True):
    """An experiment's tally as it is stored."""

    created_at: float
    arms: dict[str, StoredArm]


class ArmTally:
    """The tally of an arm, of one partition or of all together."""

    def __init__(self) -> None:
        self.sums: Sums = np.zeros((CLUSTERS, COLUMNS), np.int64)
        self.users: set[bytes] = set()
        self.packed_users = bytearray()
        """The same, one after the other, since packing them at each commit would take too long."""
        self.sketch = bytearray(1 << SKETCH_BITS)
        """HyperLogLog registers of the shown videos (Flajolet et al., 2007)."""

    def stored(self) -> StoredArm:
        """The tally in its stored form."""
        return StoredArm(self.sums.astype("<i4").tobytes(), bytes(self.packed_users), bytes(self.sketch))

    def add(self, stored: StoredArm) -> None:
        """Add a stored tally."""
        self.sums += _unpacked(stored.sums)
        for start in range(0, len(stored.users), 4):
            self.add_user(stored.users[start : start + 4])
        self.sketch = bytearray(map(max, self.sketch, stored.sketch))

    def add_user(self, fingerprint: bytes) -> None:
        """Count a user; one who counts already changes nothing."""
        if fingerprint not in self.users:
            self.users.add(fingerprint)
            self.packed_users += fingerprint

    def remove_user(self, fingerprint: bytes) -> None:
        """Forget that a user was counted."""
        if fingerprint in self.users:
            self.users.discard(fingerprint)
            self.packed_users = bytearray(b"".join(sorted(self.users)))


class Tally:
    """The tally of an experiment in one partition."""

    def __init__(self, created_at: float) -> None:
        self.created_at = created_at
        self.arms: dict[str, ArmTally] = {}

    def arm(self, name: str) -> ArmTally:
        """The tally of an arm."""
        return self.arms.setdefault(name, ArmTally())

    def add_user(self, arm: ArmTally, fingerprint: bytes) -> None:
        """Count a user, unless the experiment has as many as are counted."""
        if fingerprint not in arm.users and all(len(one.users) < MAX_USERS for one in self.arms.values()):
            arm.add_user(fingerprint)


class ExperimentTallies:
    """The tallies of a worker's partitions."""

    def __init__(self, counted_since: Callable[[str, str], float | None] = lambda *_: None) -> None:
        """Nothing is counted yet.

        Args:
            counted_since: when an experiment was made, epoch seconds; None if it is unknown, or if the user's arm is
                forced.
        """
        self.counted_since = counted_since
        self.partitions: dict[Partition, dict[str, Tally]] = {}
        self.since_start: dict[tuple[str, str], list[int]] = {}
        """(experiment, arm) to the sums of the columns since the start of the worker."""

    def count_list(self, partition: Partition, event: ServedListEvent, logged_at: float, repeats: int) -> None:
        """Count a list that was handed out; `repeats` of its videos the user had acted on before."""
        for experiment, arm in event.arms.items():
            tally = self._tally(partition, experiment, event, logged_at)
            if tally is not None:
                found = tally.arm(arm)
                number = hash_of(event.user_id, "counts", experiment)
                counted = {SHOWN: len(event.video_ids), REPEATS: repeats, LISTS: 1}
                counted[RANKER_LEFT_OUT] = int(event.is_ranker_left_out)
                self._add(experiment, arm, found, number, counted)
                tally.add_user(found, _fingerprint(number))
                if event.shown:  # else the list was handed out before, with the same videos
                    _note_videos(found.sketch, event.video_ids)

    def count_outcome(
        self, partition: Partition, event: ServedListEvent, logged_at: float, place: int, counted: Mapping[int, int]
    ) -> None:
        """Count an action on a place: columns to what is added; a like adds the credit of the place's team."""
        team = event.teams[place] if place < len(event.teams) else 0
        if team and counted.get(LIKED):
            counted = {**counted, CREDIT: 1 if team == _SECOND_TEAM else -1}
        for experiment, arm in event.arms.items():
            tally = self._tally(partition, experiment, event, logged_at)
            if tally is not None:
                self._add(experiment, arm, tally.arm(arm), hash_of(event.user_id, "counts", experiment), counted)

    def adopt(self, partition: Partition, stored: Mapping[str, StoredTally]) -> None:
        """Add the tallies that another worker has stored."""
        tallies = self.partitions.setdefault(partition, {})
        for experiment, one in stored.items():
            known = tallies.get(experiment)
            if known is None or known.created_at < one.created_at:
                known = tallies[experiment] = Tally(one.created_at)
            if known.created_at == one.created_at:
                for arm, found in one.arms.items():
                    known.arm(arm).add(found)

    def stored(self, partition: Partition) -> dict[str, StoredTally]:
        """The tallies of a partition in their stored form."""
        return {
            experiment: StoredTally(tally.created_at, {name: arm.stored() for name, arm in tally.arms.items()})
            for experiment, tally in self.partitions.get(partition, {}).items()
        }

    def retain_experiments(self, names: Collection[str]) -> None:
        """Drop the tallies of experiments that were deleted."""
        for tallies in self.partitions.values():
            for name in [one for one in tallies if one not in names]:
                del tallies[name]

    def retain_partitions(self, partitions: Collection[Partition]) -> None:
        """Drop what belongs to all other partitions."""
        self.partitions = {one: tallies for one, tallies in self.partitions.items() if one in partitions}

    def erase(self, user_id: str) -> None:
        """Forget that a user was in experiments; sums stay."""
        for tallies in self.partitions.values():
            for experiment, tally in tallies.items():
                for arm in tally.arms.values():
                    arm.remove_user(_fingerprint(hash_of(user_id, "counts", experiment)))

    def _tally(self, partition: Partition, experiment: str, event: ServedListEvent, logged_at: float) -> Tally | None:
        """The tally in which a list counts."""
        created_at = self.counted_since(experiment, event.user_id)
        if created_at is None or (event.handed_out_at or logged_at) < created_at:
            return None
        tallies = self.partitions.setdefault(partition, {})
        found = tallies.get(experiment)
        if found is None or found.created_at != created_at:
            found = tallies[experiment] = Tally(created_at)
        return found

    def _add(self, experiment: str, arm: str, tally: ArmTally, number: int, counted: Mapping[int, int]) -> None:
        """Add numbers by column; `number` is the hash of the user."""
        sums = tally.sums[number >> 32 & (CLUSTERS - 1)]
        totals = self.since_start.get((experiment, arm))
        if totals is None:
            totals = self.since_start[experiment, arm] = [0] * COLUMNS
        for column, amount in counted.items():
            if amount:
                sums[column] += amount
                totals[column] += amount


def outcome_of(action: Action, *, is_first: bool, is_first_like: bool, is_first_watch: bool) -> dict[int, int]:
    """What an action on a place adds, by column.

    Args:
        action: the action.
        is_first: whether it is the first one on the place.
        is_first_like: whether it is the first like.
        is_first_watch: whether it is the first one with a time watched, see `watch_share`.
    """
    found = {ACTED_ON: 1} if is_first else {}
    if is_first and action.action_type == "skip":
        found[SKIPPED] = 1
    if is_first_like:
        found[LIKED] = 1
    share = watch_share(action)
    if is_first_watch and share is not None:
        found |= {WATCHED: 1, WATCH_SHARE: round(share * WATCH_UNIT)}
    return found


def watch_share(action: Action) -> float | None:
    """The share of the video that was watched, at most 1; None if the action does not say."""
    if action.watched_ms is None or not action.duration_ms:
        return None
    return min(1.0, action.watched_ms / action.duration_ms)


def distinct_videos(sketch: Sequence[int]) -> int:
    """About how many distinct videos a sketch has seen; the standard error is 3 %."""
    registers = len(sketch)
    estimate = 0.7213 / (1 + 1.079 / registers) * registers**2 / sum(2.0**-rank for rank in sketch)
    empty = sum(rank == 0 for rank in sketch)
    return round(registers * log(registers / empty) if estimate <= 2.5 * registers and empty else estimate)


def _note_videos(sketch: bytearray, video_ids: Collection[str]) -> None:
    for video_id in video_ids:
        register, rank = _register_of(video_id)
        sketch[register] = max(sketch[register], rank)


@lru_cache(20_000)
def _register_of(video_id: str) -> tuple[int, int]:
    """The register of a video in a sketch, and its rank: the position of the first 1 in the rest of the hash."""
    number = int.from_bytes(blake2b(video_id.encode(), digest_size=8).digest(), "little")
    return number & ((1 << SKETCH_BITS) - 1), 64 - SKETCH_BITS - (number >> SKETCH_BITS).bit_length() + 1


def _fingerprint(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")


def _unpacked(packed: bytes) -> Sums:
    """Sums from bytes; another version may have stored fewer columns."""
    sums = np.zeros((CLUSTERS, COLUMNS), np.int64)
    if packed:
        found = np.frombuffer(packed, "<i4").reshape(CLUSTERS, -1)[:, :COLUMNS]
        sums[:, : found.shape[1]] = found
    return sums
