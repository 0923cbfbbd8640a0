"""State of a video's neighbours: videos that users liked around it (item-to-item co-occurrence), and its latest likers.

A like makes a pair with each of the videos that the user liked or watched shortly before. A pair at `distance` d (1 for
adjacent videos) has weight 1/d and is stored at both videos: as `after` at the earlier one, as `before` at the later
one. The sum of both measures co-occurrence; `after` alone measures transitions.

`recent_after` counts the same transitions with exponential decay: half per `HALF_LIFE_S`. As in `popularity`, decay
needs no periodic update, because new weights grow instead (forward decay; Cormode et al., 2009). Growing weights are
relative to an epoch of `HALF_LIVES_PER_EPOCH` half-lives; at the start of the next epoch, stored ones are shifted
right by that many bits. All weights are integers, so sums are exact and do not depend on how signals are batched.

A video keeps the `MAX_NEIGHBOURS` neighbours with the largest sums of the three weights. It is pruned whenever it has
more than `PRUNE_SLACK` others. Neighbours are in the order of their first pair. `weights` is one byte string: a fold
copies it and a changelog encodes it in one go, and ranking reads it as an array without copying.

    video_ids   ( "v7"                             "v3"                             ... )
                   |                                |
    weights     [ after | before | recent_after  | after | before | recent_after  | ... ]
    byte          0       4        8               12      16       20              24

Each weight is an unsigned 32-bit integer, little-endian, and saturates at `MAX_WEIGHT`. `after` and `before` are in
1/60: a pair of adjacent videos adds 60, one at distance 5 adds 12. So does `recent_after` at the start of an epoch; the
end of it adds 256 times as much.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.model.applied_offsets import AppliedOffsets, advance_if_new
from recomind.model.ids import UserId, VideoId
from recomind.model.signals import ActionSignal, Signal, TransitionSignal, UndoSignal

MAX_NEIGHBOURS: Final = 108
"""How many neighbours are kept when a video is pruned."""

PRUNE_SLACK: Final = 12
"""How many more there may be before the next pruning, so that pruning is rare."""

WEIGHT_UNIT: Final = 60
"""The weight of a pair of adjacent videos; for `recent_after`, at the start of an epoch."""

HALF_LIFE_S: Final = 7 * 86_400.0
"""Half-life of `recent_after`, in seconds (docs/decisions/0005-a-learned-blend-of-features.md)."""

HALF_LIVES_PER_EPOCH: Final = 8

EPOCH_S: Final = HALF_LIVES_PER_EPOCH * HALF_LIFE_S
"""Length of an epoch, in seconds."""

MAX_LIKERS: Final = 24
"""How many of the latest users who liked the video are kept."""

MAX_WEIGHT: Final = 2**32 - 1
"""Where a weight saturates: after 70 million adjacent pairs, or 280,000 at the end of an epoch."""

_WEIGHT_BY_DISTANCE: Final = (0, *(round(WEIGHT_UNIT / distance) for distance in range(1, WEIGHT_UNIT + 1)))
"""The weight of a pair by its distance; older logs hold larger distances than `HISTORY_LENGTH`."""

_TYPE_CODE: Final = "I"
"""Type of the weights in `array` and numpy: unsigned, 32 bits."""


class PairWeights(NamedTuple):
    """Weights of the pairs of a video and one neighbour."""

    after: int = 0
    """Pairs with the neighbour liked after the video, in 1/WEIGHT_UNIT."""
    before: int = 0
    """Pairs with the neighbour liked or watched before the video, in 1/WEIGHT_UNIT."""
    recent_after: int = 0
    """As `after`, with decay, in the units of the video's epoch."""


class Liker(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user who liked the video, and when (epoch seconds)."""

    user_id: UserId
    timestamp: float


class Neighbours(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A video's neighbours."""

    applied_offsets: AppliedOffsets = {}
    video_ids: tuple[VideoId, ...] = ()
    """The neighbours, in the order of their first pair."""
    weights: bytes = b""
    """`PairWeights` of each of `video_ids`, in their order; see the module's docstring for the layout."""
    likers: tuple[Liker, ...] = ()
    """The latest by event time, oldest first."""
    outgoing_weight: int = 0
    """Sum of `recent_after` over all neighbours, pruned ones included: how often users continue from this video."""
    epoch: int = 0
    """Number of the epoch whose units `recent_after` and `outgoing_weight` are in."""

    def items(self) -> Iterator[tuple[VideoId, PairWeights]]:
        """Each neighbour and its weights."""
        return zip(self.video_ids, map(PairWeights, *[iter(array(_TYPE_CODE, self.weights))] * 3), strict=True)

    def weights_of(self, video_id: VideoId) -> PairWeights:
        """The weights of another video; zeros if it is not a neighbour."""
        if video_id not in self.video_ids:
            return PairWeights()
        start = 3 * self.video_ids.index(video_id)
        return PairWeights(*memoryview(self.weights).cast(_TYPE_CODE)[start : start + 3])


def fold(neighbours: Neighbours, signals: Iterable[Signal]) -> Neighbours:
    """Fold signals in their order; irrelevant ones and those applied before change nothing.

    The collections inside are copied once per call, not once per signal: a popular video gets many in a batch.
    """
    applied = dict(neighbours.applied_offsets)
    new = [one for one in signals if is_relevant(one) and advance_if_new(applied, one.source, one.offset)]
    if not new:
        return neighbours
    builder = _Builder(neighbours)
    for signal in new:
        builder.enter_epoch(int(signal.timestamp // EPOCH_S))
        if type(signal) is TransitionSignal:
            builder.add_transition(signal.next_video_id, signal.distance, signal.timestamp)
        elif type(signal) is ActionSignal:
            builder.add_history(signal.history)
        builder.prune()
    likers = neighbours.likers
    for is_undo, some in groupby(new, lambda signal: type(signal) is UndoSignal):
        if is_undo:
            gone = {Liker(one.user_id, one.acted_at) for one in some if type(one) is UndoSignal}
            likers = tuple([liker for liker in likers if liker not in gone])
        else:
            likers = _latest_likers(likers, [one for one in some if type(one) is ActionSignal])
    return Neighbours(applied, *builder.video_ids_and_weights(), likers, builder.outgoing_weight, builder.epoch)


def is_relevant(signal: Signal) -> bool:
    """Whether a signal concerns neighbours: a first like of the video, its undo, or a transition from it.

    An undo takes the user out of the likers. The pairs that the like made stay: it is not known any more which of them
    were pruned since, and what was pruned because of them.
    """
    if type(signal) is UndoSignal:
        return signal.action_type == "like"
    if type(signal) is ActionSignal:
        return signal.action_type == "like" and not signal.is_repeat
    return type(signal) is TransitionSignal


class _Builder:
    """A mutable copy of `Neighbours`."""

    def __init__(self, neighbours: Neighbours) -> None:
        self.outgoing_weight = neighbours.outgoing_weight
        self.epoch = neighbours.epoch
        self._video_ids = list(neighbours.video_ids)
        self._weights = array(_TYPE_CODE, neighbours.weights)
        self._starts: dict[VideoId, int] = {}
        """Index in `_weights` of each neighbour's first weight. Built at the second lookup: one search is cheaper."""
        self._has_searched = False
        self._pruned: list[int] = []
        """Indexes in `_video_ids` of pruned neighbours; `video_ids_and_weights` removes them in one pass."""

    def enter_epoch(self, epoch: int) -> None:
        """Convert to the units of an epoch, if it is later than the current one."""
        if epoch > self.epoch:
            bits = HALF_LIVES_PER_EPOCH * (epoch - self.epoch)
            self._weights[2::3] = array(_TYPE_CODE, [recent >> bits for recent in self._weights[2::3]])
            self.outgoing_weight, self.epoch = self.outgoing_weight >> bits, epoch

    def add_transition(self, video_id: VideoId, distance: int, at: float) -> None:
        """Another video was liked after this one. An event from several epochs ago adds 0 to `recent_after`."""
        growth: float = 2.0 ** (at / HALF_LIFE_S - self.epoch * HALF_LIVES_PER_EPOCH)
        recent, start = round(WEIGHT_UNIT / distance * growth), self._start_of(video_id)
        self.outgoing_weight += recent
        self._add(start, _WEIGHT_BY_DISTANCE[distance])
        self._add(start + 2, recent)

    def add_history(self, history: Iterable[VideoId]) -> None:
        """This video was liked after others, given latest first."""
        for distance, video_id in enumerate(history, 1):
            self._add(self._start_of(video_id) + 1, _WEIGHT_BY_DISTANCE[distance])

    def prune(self) -> None:
        """Prune to the `MAX_NEIGHBOURS` largest sums if over the slack; of equal sums, the older neighbours go."""
        excess = len(self._video_ids) - len(self._pruned) - MAX_NEIGHBOURS
        if excess > PRUNE_SLACK:
            sums = np.frombuffer(self._weights, _TYPE_CODE).reshape(-1, 3).sum(axis=1)
            sums[self._pruned] = 3 * MAX_WEIGHT  # not again
            smallest = sums.argsort(kind="stable")[:excess].tolist()
            self._pruned += smallest
            self._build_starts()
            for index in smallest:
                del self._starts[self._video_ids[index]]

    def video_ids_and_weights(self) -> tuple[tuple[VideoId, ...], bytes]:
        """The neighbours that have not been pruned, and their weights, as in `Neighbours`."""
        if not self._pruned:
            return tuple(self._video_ids), self._weights.tobytes()
        weights = np.delete(np.frombuffer(self._weights, _TYPE_CODE).reshape(-1, 3), self._pruned, axis=0)
        pruned = set(self._pruned)
        return tuple([one for index, one in enumerate(self._video_ids) if index not in pruned]), weights.tobytes()

    def _add(self, index: int, weight: int) -> None:
        try:
            self._weights[index] += weight
        except OverflowError:
            self._weights[index] = MAX_WEIGHT

    def _start_of(self, video_id: VideoId) -> int:
        """Index of the neighbour's first weight; a new neighbour is appended with zeros."""
        start = self._starts.get(video_id)
        return self._search_or_append(video_id) if start is None else start

    def _build_starts(self) -> None:
        if not self._starts:
            self._starts.update(zip(self._video_ids, range(0, 3 * len(self._video_ids), 3), strict=True))

    def _search_or_append(self, video_id: VideoId) -> int:
        if not self._starts:
            if not self._has_searched and video_id in self._video_ids:
                self._has_searched = True
                return 3 * self._video_ids.index(video_id)
            self._build_starts()
            if video_id in self._starts:
                return self._starts[video_id]
        start = self._starts[video_id] = len(self._weights)
        self._video_ids.append(video_id)
        self._weights.extend((0, 0, 0))
        return start


def _latest_likers(likers: tuple[Liker, ...], likes: Sequence[ActionSignal]) -> tuple[Liker, ...]:
    """The latest likers by event time; independent of the order of arrival."""
    new = [Liker(one.user_id, one.timestamp) for one in likes]
    if len(new) == 1 and (not likers or _sort_key(new[0]) > _sort_key(likers[-1])):  # the usual order needs no sorting
        return (*likers[-MAX_LIKERS + 1 :], *new)
    return tuple(sorted({*likers, *new}, key=_sort_key)[-MAX_LIKERS:]) if new else likers


def _sort_key(liker: Liker) -> tuple[float, str]:
    return liker.timestamp, liker.user_id
