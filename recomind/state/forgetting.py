"""What is remembered of forgetting: up to where a person's signals are void, and folds that pass over such signals.

A void signal leaves nothing of itself in a value but its origin. So what comes again changes nothing, as before, and
the value is that of a log which never had it.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TypeVar

import msgspec

from recomind.model.applied_offsets import Origins
from recomind.model.signals import Forgotten, Signal, Touched
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity

Bounds = Mapping[str, Origins]
"""Person to lane to the last offset whose signals are void."""

_State = TypeVar("_State", Popularity, Neighbours)
_Signal = TypeVar("_Signal", Touched, Signal)


class Forgetting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A person who is to be forgotten by a partition's videos."""

    origins: Origins = {}
    """Lane to the last offset whose signals are void."""
    at: int = -1
    """Offset of the control record, see `Forgotten`."""
    is_done: bool = False
    """Whether the videos have forgotten her."""


def note(known: Forgetting, signal: Forgotten) -> Forgetting:
    """What has to be forgotten after a signal; what is known if it says nothing new."""
    if signal.at <= known.at:
        return known
    lanes = known.origins | signal.origins
    return Forgetting({lane: max(at, known.origins.get(lane, at)) for lane, at in lanes.items()}, signal.at)


def is_void(signal: Signal, bounds: Bounds) -> bool:
    """Whether it is one of a person who was forgotten, from before that.

    >>> bounds = {"u": {0: 7}}
    >>> [is_void(Touched("v", 0, offset, 0.0, user, "view"), bounds) for user, offset in (("u", 7), ("u", 8), ("w", 7))]
    [True, False, False]
    """
    origins = bounds.get(signal.user_id)
    return origins is not None and signal.offset <= origins.get(signal.lane, -1)


def fold_popularity(known: Popularity, signals: Iterable[Signal], bounds: Bounds) -> Popularity:
    """`popularity.fold`, which passes over what is void."""
    return _fold(popularity.fold, known, [one for one in signals if isinstance(one, Touched)], bounds)


def fold_neighbours(known: Neighbours, signals: Iterable[Signal], bounds: Bounds) -> Neighbours:
    """`neighbours.fold`, which passes over what is void."""
    return _fold(neighbours.fold, known, signals, bounds)


def _fold(
    fold: Callable[[_State, Iterable[_Signal]], _State], state: _State, signals: Iterable[_Signal], bounds: Bounds
) -> _State:
    if not bounds:
        return fold(state, list(signals))
    for void, some in groupby(signals, lambda signal: is_void(signal, bounds)):
        after = fold(state, list(some))
        if after is not state:
            state = msgspec.structs.replace(state, origins=after.origins) if void else after
    return state


class Refold:
    """The state of some videos, folded once more."""

    def __init__(self, video_ids: Iterable[str], bounds: Bounds) -> None:
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self._wanted = frozenset(video_ids)
        self._bounds = bounds

    def take(self, signals: Iterable[Signal]) -> None:
        """Take the next signals of the log in."""
        wanted: dict[str, list[Signal]] = {}
        for signal in signals:
            if signal.video_id in self._wanted:
                wanted.setdefault(signal.video_id, []).append(signal)
        for video_id, some in wanted.items():
            known, company = self.popularity.get(video_id, Popularity()), self.neighbours.get(video_id, Neighbours())
            counted, met = fold_popularity(known, some, self._bounds), fold_neighbours(company, some, self._bounds)
            if counted is not known:
                self.popularity[video_id] = counted
            if met is not company:
                self.neighbours[video_id] = met


def key_of(partition: int, user_id: str) -> str:
    """Under which key a partition notes a person."""
    return f"{partition}:{user_id}"


def person_of(key: str) -> str:
    """The person of a key.

    >>> person_of(key_of(3, "u:1"))
    'u:1'
    """
    return key.partition(":")[2]
