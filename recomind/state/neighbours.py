"""What is remembered of a video's company: what people liked around it, and who liked it last.

When somebody likes a video, it makes a pair with each of the videos liked or watched shortly before. A pair, `gap`
apart, is kept on both: as `after` on the earlier one and as `before` on the later one. Their sum says what goes
together; `after` alone says what comes next.

A pair counts 1/gap. What came next `lately` is kept beside what ever did: there a pair counts half with each
`HALF_LIFE` that passes. As with popularity, decay needs no sweep: what is added grows instead (forward decay; Cormode
et al., 2009), in units that hold for an epoch of `HALVINGS` half-lives; with a new epoch these weights are shifted to
the right by as many bits. All weights are whole numbers, so sums are exact, whatever the batches.

A video keeps the `SIZE` others with the largest sums; it is pruned when it holds `SLACK` more. The weights lie in one
string of bytes: a fold copies and a changelog encodes them in one go, and ranking looks at them as an array.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.signals import Followed, Signal, Touched
from recomind.state.origins import Origins, take

SIZE: Final = 108
"""How many other videos are kept."""

SLACK: Final = 12
"""How many more there may be before the least are pruned, so that pruning is rare."""

UNIT: Final = 60
"""The weight of a pair of neighbours, lately: at the start of an epoch."""

HALF_LIFE: Final = 7 * 86_400.0
"""Seconds after which a pair counts half among those made lately (docs/decisions/0005-learned-blend.md)."""

HALVINGS: Final = 8
"""Half-lives of an epoch."""

EPOCH: Final = HALVINGS * HALF_LIFE
"""Seconds of an epoch."""

LIKERS: Final = 24
"""How many of the latest people who liked it are kept."""


MOST: Final = 2**32 - 1
"""Where a weight stops growing: 70 million pairs, or 280,000 made lately."""

_BY_GAP: Final = (0, *(round(UNIT / gap) for gap in range(1, UNIT + 1)))
"""The weight of a pair by its gap; older logs hold larger gaps than `TRAIL`."""
_CODE: Final = "I"
"""Of an array of such weights."""


class Pair(NamedTuple):
    """How a video goes with another one."""

    after: int = 0
    """How strongly the other goes after it, in 1/UNIT."""
    before: int = 0
    """How strongly the other goes before it, in 1/UNIT."""
    lately: int = 0
    """How strongly the other lately goes after it, in units of the epoch."""


class Liker(NamedTuple):
    """A person who liked the video, and when (epoch seconds)."""

    user_id: str
    timestamp: float


class Neighbours(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A video's company."""

    origins: Origins = {}
    others: tuple[str, ...] = ()
    """The company: ids of videos; new ones come last."""
    weights: bytes = b""
    """A `Pair` for each of `others`, in their order: little-endian, unsigned, 4 bytes a number."""
    likers: tuple[Liker, ...] = ()
    """Latest by event time, oldest first."""
    left: int = 0
    """The sum of all weights made lately after it, those pruned, too: how much people go on from this video."""
    epoch: int = 0
    """The number of the epoch in whose units lately made pairs are counted."""

    def company(self) -> Iterator[tuple[str, Pair]]:
        """Each other video, and how it goes with this one."""
        return zip(self.others, map(Pair, *[iter(array(_CODE, self.weights))] * 3), strict=True)

    def pair(self, other: str) -> Pair:
        """How another video goes with this one; zeros where it does not."""
        if other not in self.others:
            return Pair()
        place = 3 * self.others.index(other)
        return Pair(*memoryview(self.weights).cast(_CODE)[place : place + 3])


def fold(neighbours: Neighbours, signals: Iterable[Signal]) -> Neighbours:
    """Take signals in, in their order; those applied before, and those that teach nothing, change nothing.

    What grows is copied once, not for each signal: a popular video gets many in a batch.
    """
    origins = dict(neighbours.origins)
    news = [one for one in signals if teaches(one) and take(origins, one.lane, one.offset)]
    if not news:
        return neighbours
    company, likers = _Company(neighbours), neighbours.likers
    for signal in news:
        company.enter(int(signal.timestamp // EPOCH))
        if isinstance(signal, Followed):
            company.lead_to(signal.by, signal.gap, signal.timestamp)
        else:
            company.come_after(signal.trail)
            likers = _joined(likers, signal)
        company.prune()
    return Neighbours(origins, tuple(company.others), company.weights.tobytes(), likers, company.left, company.epoch)


def teaches(signal: Signal) -> bool:
    """Whether it is a first like, of this video or after it; the others are for popularity."""
    return isinstance(signal, Followed) or (signal.action_type == "like" and not signal.again)


class _Company:
    """A copy of a video's company that grows."""

    def __init__(self, of: Neighbours) -> None:
        self.others = list(of.others)
        self.weights = array(_CODE, of.weights)
        self.left = of.left
        self.epoch = of.epoch
        self._is_untouched = True
        self._places: dict[str, int] = {}

    def enter(self, epoch: int) -> None:
        """Go on in the units of an epoch, if it is a later one."""
        if epoch > self.epoch:
            bits = HALVINGS * (epoch - self.epoch)
            self.weights[2::3] = array(_CODE, [lately >> bits for lately in self.weights[2::3]])
            self.left, self.epoch = self.left >> bits, epoch

    def lead_to(self, other: str, gap: int, at: float) -> None:
        """Another video was liked after this one; nothing is lately about what comes epochs late."""
        grown: float = 2.0 ** (at / HALF_LIFE - self.epoch * HALVINGS)
        lately, place = round(UNIT / gap * grown), self._place(other)
        self.left += lately
        self._add(place, _BY_GAP[gap])
        self._add(place + 2, lately)

    def come_after(self, trail: Iterable[str]) -> None:
        """This video was liked after others, the latest of them first."""
        for gap, other in enumerate(trail, 1):
            self._add(self._place(other) + 1, _BY_GAP[gap])

    def prune(self) -> None:
        """Keep the `SIZE` with the largest sums, if there are `SLACK` more; of equals those that came later."""
        if len(self.others) > SIZE + SLACK:
            weights = np.frombuffer(self.weights, _CODE).reshape(-1, 3)
            largest = np.sort(np.argsort(weights.sum(axis=1), kind="stable")[-SIZE:])
            self.weights = array(_CODE, weights[largest].tobytes())
            self.others = [self.others[place] for place in largest.tolist()]
            self._places.clear()

    def _add(self, place: int, weight: int) -> None:
        self.weights[place] = min(self.weights[place] + weight, MOST)

    def _place(self, other: str) -> int:
        """Where the weights of the pair with another video begin; at the end for a new one."""
        places = self._places
        if not places:  # made for the second pair: to look for one, a search is faster
            if self._is_untouched and other in self.others:
                self._is_untouched = False
                return 3 * self.others.index(other)
            places.update(zip(self.others, range(0, 3 * len(self.others), 3), strict=True))
        place = places.get(other)
        if place is None:
            place = places[other] = len(self.weights)
            self.others.append(other)
            self.weights.extend((0, 0, 0))
        return place


def _joined(likers: tuple[Liker, ...], touch: Touched) -> tuple[Liker, ...]:
    """The latest likers by event time; the same for every order of arrival."""
    new = Liker(touch.user_id, touch.timestamp)
    if not likers or new[::-1] > likers[-1][::-1]:  # the usual order needs no sorting
        return (*likers[-LIKERS + 1 :], new)
    people = sorted({*likers, new}, key=lambda liker: liker[::-1])
    return tuple(people[-LIKERS:])
