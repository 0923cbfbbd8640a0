"""What is remembered of a video's company: what people liked around it, and who liked it last.

A pair of likes of one person, `gap` likes apart, is kept on both videos: as `after` on the earlier one, weighted
UNIT/gap, and as `before` on the later one. Their sum says what is liked together; `after` alone says what comes
next. Weights are whole numbers: sums are exact in any order. A video keeps the `SIZE` others with the largest sums;
it is pruned when it holds `SLACK` more.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from recomind.signals import Followed, Signal, Touched
from recomind.state.origins import Origins, take

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


class Neighbours(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A video's company."""

    origins: Origins = {}
    company: Company = {}
    likers: tuple[Liker, ...] = ()
    """Latest by event time, oldest first."""
    likes: int = 0
    """How many first likes there were: the norm of the cosine."""


def fold(neighbours: Neighbours, signals: Iterable[Signal]) -> Neighbours:
    """Take signals in, in their order; those applied before change nothing.

    What grows is copied once, not for each signal: a popular video gets many in a batch.
    """
    origins = dict(neighbours.origins)
    news = [signal for signal in signals if take(origins, signal.lane, signal.offset)]
    if not news:
        return neighbours
    company, likers, likes = dict(neighbours.company), neighbours.likers, neighbours.likes
    for signal in news:
        if isinstance(signal, Followed):
            _meet(company, signal.by, round(UNIT / signal.gap), 0)
        elif signal.action_type == "like" and not signal.again:
            for gap, earlier in enumerate(signal.trail, 1):
                _meet(company, earlier, 0, round(UNIT / gap))
            likers, likes = _joined(likers, signal), likes + 1
        if len(company) > SIZE + SLACK:
            company = _pruned(company)
    return Neighbours(origins, company, likers, likes)


def _meet(company: Company, other: str, more_after: int, more_before: int) -> None:
    after, before = company.get(other, (0, 0))
    company[other] = after + more_after, before + more_before


def _pruned(company: Company) -> Company:
    largest = sorted(company.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    return dict(largest[:SIZE])


def _joined(likers: tuple[Liker, ...], touch: Touched) -> tuple[Liker, ...]:
    """The latest likers by event time; the same for every order of arrival."""
    new = Liker(touch.user_id, touch.timestamp)
    if not likers or new[::-1] > likers[-1][::-1]:  # the usual order needs no sorting
        return (*likers[-LIKERS + 1 :], new)
    people = sorted({*likers, new}, key=lambda liker: liker[::-1])
    return tuple(people[-LIKERS:])
