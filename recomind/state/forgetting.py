"""State of erasures, and folds that skip the void signals of erased users.

A signal is void if its user was erased after it. Of a void signal only the source offset is applied, so that its
redelivery changes nothing. Apart from applied offsets, the value is the same as for a log without the signal.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TypeVar

import msgspec

from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.ids import Partition, VideoId
from recomind.model.signals import ErasureSignal, Signal, TransitionSignal
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity, VideoSignal

VoidBounds = Mapping[str, AppliedOffsets]
"""Erased user to source to the last offset whose signals are void."""

_State = TypeVar("_State", Popularity, Neighbours)
_Signal = TypeVar("_Signal", VideoSignal, Signal)


class Erasure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Erasure of a user from the videos of one partition."""

    applied_offsets: AppliedOffsets = {}
    """Source to the last offset whose signals are void."""
    at: int = -1
    """Offset of the control record, see `ErasureSignal`."""
    is_done: bool = False
    """Whether the partition's videos have been recomputed without the user."""


def merge_erasure(known: Erasure, signal: ErasureSignal) -> Erasure:
    """The erasure after a signal, not done yet; `known` itself if the signal is not newer."""
    if signal.at <= known.at:
        return known
    both = known.applied_offsets | signal.applied_offsets
    bounds = {source: max(offset, known.applied_offsets.get(source, offset)) for source, offset in both.items()}
    return Erasure(bounds, signal.at)


def is_void(signal: Signal, bounds: VoidBounds) -> bool:
    """Whether the signal's user was erased after it.

    >>> from recomind.model.signals import ActionSignal
    >>> bounds = {"u": {0: 7}}
    >>> signals = [ActionSignal("v", 0, offset, 0.0, user, "view") for user, offset in (("u", 7), ("u", 8), ("w", 7))]
    >>> [is_void(signal, bounds) for signal in signals]
    [True, False, False]
    """
    bound = bounds.get(signal.user_id)
    return bound is not None and signal.offset <= bound.get(signal.source, -1)


def fold_popularity(known: Popularity, signals: Iterable[Signal], bounds: VoidBounds) -> Popularity:
    """`popularity.fold` without void signals; ignores transitions."""
    return _fold(popularity.fold, known, [one for one in signals if not isinstance(one, TransitionSignal)], bounds)


def fold_neighbours(known: Neighbours, signals: Iterable[Signal], bounds: VoidBounds) -> Neighbours:
    """`neighbours.fold` without void signals."""
    return _fold(neighbours.fold, known, signals, bounds)


def _fold(
    fold: Callable[[_State, Iterable[_Signal]], _State], state: _State, signals: Iterable[_Signal], bounds: VoidBounds
) -> _State:
    if not bounds:
        return fold(state, list(signals))
    for void, some in groupby(signals, lambda signal: is_void(signal, bounds)):
        after = fold(state, list(some))
        if after is not state:
            state = msgspec.structs.replace(state, applied_offsets=after.applied_offsets) if void else after
    return state


class Refold:
    """Recomputes the state of some videos from the signal log, without void signals."""

    def __init__(self, video_ids: Iterable[str], bounds: VoidBounds) -> None:
        self.popularity: dict[VideoId, Popularity] = {}
        self.neighbours: dict[VideoId, Neighbours] = {}
        self._wanted = frozenset(video_ids)
        self._bounds = bounds

    def fold(self, signals: Iterable[Signal]) -> None:
        """Fold the next signals of the log; those of other videos are ignored."""
        by_video: dict[VideoId, list[Signal]] = {}
        for signal in signals:
            if signal.video_id in self._wanted:
                by_video.setdefault(signal.video_id, []).append(signal)
        for video_id, some in by_video.items():
            old_popularity = self.popularity.get(video_id, Popularity())
            old_neighbours = self.neighbours.get(video_id, Neighbours())
            new_popularity = fold_popularity(old_popularity, some, self._bounds)
            new_neighbours = fold_neighbours(old_neighbours, some, self._bounds)
            if new_popularity is not old_popularity:
                self.popularity[video_id] = new_popularity
            if new_neighbours is not old_neighbours:
                self.neighbours[video_id] = new_neighbours


def erasure_key(partition: Partition, user_id: str) -> str:
    """Key of a user's erasure in the table of one video partition."""
    return f"{partition}:{user_id}"


def user_of_key(key: str) -> str:
    """The user of a key.

    >>> user_of_key(erasure_key(3, "u:1"))
    'u:1'
    """
    return key.partition(":")[2]
