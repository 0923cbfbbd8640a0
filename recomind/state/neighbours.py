"""What is remembered of a video's company: what people liked around it, and who liked it last.

A pair of likes of one person, `gap` likes apart, is kept on both videos: as `after` on the earlier one, weighted
UNIT/gap, and as `before` on the later one. Their sum says what is liked together; `after` alone says what comes
next. Weights are whole numbers: sums are exact in any order. A video keeps the `SIZE` others with the largest sums;
it is pruned when it holds `SLACK` more.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from recomind.signals import Followed, Origin, Signal, Touched
from recomind.state.origins import Origins, advance, is_news

SIZE: Final = 150
"""How many other videos are kept."""

SLACK: Final = 50
"""How many more there may be before the least are pruned, so that pruning is rare."""

UNIT: Final = 60
"""The weight of a pair of neighbouring likes."""

LIKERS: Final = 24
"""How many of the latest people who liked it are kept."""


Company = dict[str, tuple[int, int]]
"""Other video to how strongly it is liked (after, before) this one, in units of 1/UNIT."""


class Liker(NamedTuple):
    """A person who liked the video, and when (epoch seconds)."""

    user_id: str
    timestamp: float


class Neighbours(msgspec.Struct, frozen=True, array_like=True):
    """A video's company."""

    origins: Origins = {}
    company: Company = {}
    likers: tuple[Liker, ...] = ()
    """Latest by event time, oldest first."""
    likes: int = 0
    """How many first likes there were: the norm of the cosine."""


def fold(neighbours: Neighbours, signals: Iterable[Signal]) -> Neighbours:
    """Take signals in, in their order; those applied before change nothing."""
    for signal in signals:
        if is_news(neighbours.origins, signal.lane, signal.offset):
            neighbours = _absorb(neighbours, signal)
    return neighbours


def _absorb(neighbours: Neighbours, signal: Signal) -> Neighbours:
    origins = advance(neighbours.origins, Origin(signal.lane, signal.offset))
    company, likers, likes = neighbours.company, neighbours.likers, neighbours.likes
    if isinstance(signal, Followed):
        company = _met(company, [(signal.by, round(UNIT / signal.gap), 0)])
    elif signal.action_type == "like" and not signal.again:
        company = _met(company, [(earlier, 0, round(UNIT / gap)) for gap, earlier in enumerate(signal.trail, 1)])
        likers, likes = _joined(likers, signal), likes + 1
    return Neighbours(origins, company, likers, likes)


def _met(company: Company, others: Iterable[tuple[str, int, int]]) -> Company:
    grown = dict(company)
    for other, more_after, more_before in others:
        after, before = grown.get(other, (0, 0))
        grown[other] = after + more_after, before + more_before
    return _pruned(grown) if len(grown) > SIZE + SLACK else grown


def _pruned(company: Company) -> Company:
    largest = sorted(company.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    return dict(largest[:SIZE])


def _joined(likers: tuple[Liker, ...], touch: Touched) -> tuple[Liker, ...]:
    """The latest likers by event time; the same for every order of arrival."""
    people = sorted({*likers, Liker(touch.user_id, touch.timestamp)}, key=lambda liker: liker[::-1])
    return tuple(people[-LIKERS:])
