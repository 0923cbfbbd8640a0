"""What is remembered of a video's company: what people liked around it, and who liked it last.

A pair of likes of one person, `gap` likes apart, is kept on both videos: as `after` on the earlier one, weighted
1/gap, and as `before` on the later one. Their sum says what is liked together; `after` alone says what comes next.
A video keeps the `SIZE` others with the largest sums; when one more comes, the smallest goes.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from recomind.signals import Followed, Origin, Signal, Touched
from recomind.state.origins import Origins, advance, is_news

SIZE: Final = 128
"""How many other videos are kept."""

LIKERS: Final = 24
"""How many of the latest people who liked it are kept."""


class Company(NamedTuple):
    """How strongly another video is liked after and before this one: sums of 1/gap."""

    after: float = 0.0
    before: float = 0.0


class Liker(NamedTuple):
    """A person who liked the video, and when (epoch seconds)."""

    user_id: str
    timestamp: float


class Neighbours(msgspec.Struct, frozen=True, array_like=True):
    """A video's company."""

    origins: Origins = {}
    company: dict[str, Company] = {}
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
    if isinstance(signal, Followed):
        company = _met(neighbours.company, signal.by, Company(after=1 / signal.gap))
        return Neighbours(origins, _pruned(company), neighbours.likers, neighbours.likes)
    if signal.action_type != "like" or signal.again:
        return Neighbours(origins, neighbours.company, neighbours.likers, neighbours.likes)
    return _liked(neighbours, origins, signal)


def _liked(neighbours: Neighbours, origins: Origins, touch: Touched) -> Neighbours:
    company = neighbours.company
    for gap, earlier in enumerate(touch.trail, 1):
        company = _met(company, earlier, Company(before=1 / gap))
    likers = sorted({*neighbours.likers, Liker(touch.user_id, touch.timestamp)}, key=lambda liker: liker[::-1])
    return Neighbours(origins, _pruned(company), tuple(likers[-LIKERS:]), neighbours.likes + 1)


def _met(company: dict[str, Company], other: str, more: Company) -> dict[str, Company]:
    after, before = company.get(other, Company())
    return {**company, other: Company(after + more.after, before + more.before)}


def _pruned(company: dict[str, Company]) -> dict[str, Company]:
    if len(company) <= SIZE:
        return company
    largest = sorted(company.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    return dict(largest[:SIZE])
