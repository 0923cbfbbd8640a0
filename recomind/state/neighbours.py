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
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.model.applied_offsets import Origins, take
from recomind.model.signals import Followed, Signal, Touched

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


class Liker(msgspec.Struct, frozen=True, array_like=True, gc=False):
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
    company = _Company(neighbours)
    for signal in news:
        company.enter(int(signal.timestamp // EPOCH))
        if type(signal) is Followed:
            company.lead_to(signal.by, signal.gap, signal.timestamp)
        else:
            company.come_after(signal.trail)
        company.prune()
    likers = _joined(neighbours.likers, [one for one in news if type(one) is Touched])
    return Neighbours(origins, *company.kept(), likers, company.left, company.epoch)


def teaches(signal: Signal) -> bool:
    """Whether it is a first like, of this video or after it; the others are for popularity."""
    return type(signal) is Followed or (signal.action_type == "like" and not signal.again)


class _Company:
    """A copy of a video's company that grows."""

    def __init__(self, of: Neighbours) -> None:
        self.left = of.left
        self.epoch = of.epoch
        self._others = list(of.others)
        self._weights = array(_CODE, of.weights)
        self._places: dict[str, int] = {}
        """Where the weights of a pair begin; made when two are looked for: to look for one, a search is faster."""
        self._is_untouched = True
        self._pruned: list[int] = []
        """Numbers in `_others` of those that are company no more: they go all at once, in the end."""

    def enter(self, epoch: int) -> None:
        """Go on in the units of an epoch, if it is a later one."""
        if epoch > self.epoch:
            bits = HALVINGS * (epoch - self.epoch)
            self._weights[2::3] = array(_CODE, [lately >> bits for lately in self._weights[2::3]])
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
        more = len(self._others) - len(self._pruned) - SIZE
        if more > SLACK:
            sums = np.frombuffer(self._weights, _CODE).reshape(-1, 3).sum(axis=1)
            sums[self._pruned] = 3 * MOST
            least = sums.argsort(kind="stable")[:more].tolist()
            self._pruned += least
            self._know_places()
            for number in least:
                del self._places[self._others[number]]

    def kept(self) -> tuple[tuple[str, ...], bytes]:
        """Those that are company, and their weights; see `Neighbours`."""
        if not self._pruned:
            return tuple(self._others), self._weights.tobytes()
        weights = np.delete(np.frombuffer(self._weights, _CODE).reshape(-1, 3), self._pruned, axis=0)
        gone = set(self._pruned)
        return tuple([one for number, one in enumerate(self._others) if number not in gone]), weights.tobytes()

    def _add(self, place: int, weight: int) -> None:
        try:
            self._weights[place] += weight
        except OverflowError:
            self._weights[place] = MOST

    def _place(self, other: str) -> int:
        """Where the weights of the pair with another video begin; at the end for a new one."""
        place = self._places.get(other)
        return self._found(other) if place is None else place

    def _know_places(self) -> None:
        if not self._places:
            self._places.update(zip(self._others, range(0, 3 * len(self._others), 3), strict=True))

    def _found(self, other: str) -> int:
        if not self._places:
            if self._is_untouched and other in self._others:
                self._is_untouched = False
                return 3 * self._others.index(other)
            self._know_places()
            if other in self._places:
                return self._places[other]
        place = self._places[other] = len(self._weights)
        self._others.append(other)
        self._weights.extend((0, 0, 0))
        return place


def _joined(likers: tuple[Liker, ...], likes: Sequence[Touched]) -> tuple[Liker, ...]:
    """The latest likers by event time; the same for every order of arrival."""
    new = [Liker(one.user_id, one.timestamp) for one in likes]
    if len(new) == 1 and (not likers or _moment(new[0]) > _moment(likers[-1])):  # the usual order needs no sorting
        return (*likers[-LIKERS + 1 :], *new)
    return tuple(sorted({*likers, *new}, key=_moment)[-LIKERS:]) if new else likers


def _moment(liker: Liker) -> tuple[float, str]:
    return liker.timestamp, liker.user_id
