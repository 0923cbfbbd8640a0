"""What is remembered of a video's company: what people liked around it, and who liked it last.

When somebody likes a video, it makes a pair with each of the videos liked or watched shortly before. A pair, `gap`
apart, is kept on both: as `after` on the earlier one and as `before` on the later one. Their sum says what goes
together; `after` alone says what comes next.

A pair counts 1/gap. What came next `lately` is kept beside what ever did: there a pair counts half with each
`HALF_LIFE` that passes. As with popularity, decay needs no sweep: what is added grows instead (forward decay; Cormode
et al., 2009), in units that hold for an epoch of `HALVINGS` half-lives; with a new epoch these weights are shifted to
the right by as many bits. All weights are whole numbers, so sums are exact, whatever the batches.

A video keeps the `SIZE` others with the largest sums; it is pruned when it holds `SLACK` more.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from recomind.signals import Followed, Signal, Touched
from recomind.state.origins import Origins, take

SIZE: Final = 130
"""How many other videos are kept."""

SLACK: Final = 30
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


Company = dict[str, tuple[int, int, int]]
"""Other video to how strongly it goes after and before this one, in 1/UNIT, and lately after, in units of the epoch."""


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
    left: int = 0
    """The sum of all weights made lately after it, those pruned, too: how much people go on from this video."""
    epoch: int = 0
    """The number of the epoch in whose units lately made pairs are counted."""


def fold(neighbours: Neighbours, signals: Iterable[Signal]) -> Neighbours:
    """Take signals in, in their order; those applied before change nothing.

    What grows is copied once, not for each signal: a popular video gets many in a batch.
    """
    origins = dict(neighbours.origins)
    news = [signal for signal in signals if take(origins, signal.lane, signal.offset)]
    if not news:
        return neighbours
    company, likers = dict(neighbours.company), neighbours.likers
    left, epoch = neighbours.left, neighbours.epoch
    for signal in news:
        if (latest := int(signal.timestamp // EPOCH)) > epoch:
            company, left, epoch = _shifted(company, latest - epoch), left >> HALVINGS * (latest - epoch), latest
        if isinstance(signal, Followed):
            weight = _weight(signal.gap, signal.timestamp, epoch)
            left += weight
            _meet(company, signal.by, round(UNIT / signal.gap), 0, weight)
        elif signal.action_type == "like" and not signal.again:
            for gap, earlier in enumerate(signal.trail, 1):
                _meet(company, earlier, 0, round(UNIT / gap), 0)
            likers = _joined(likers, signal)
        if len(company) > SIZE + SLACK:
            company = _pruned(company)
    return Neighbours(origins, company, likers, left, epoch)


def scale(epoch: int, now: float) -> float:
    """What a weight of one in the units of an epoch is worth at `now`, in pairs of neighbours.

    >>> scale(0, 0.0) * UNIT, scale(0, HALF_LIFE) * UNIT
    (1.0, 0.5)
    """
    return float(2.0 ** ((epoch * EPOCH - now) / HALF_LIFE)) / UNIT


def _weight(gap: int, at: float, epoch: int) -> int:
    """Of a pair made at an event time; nothing, or nearly, for one that comes epochs late."""
    grown: float = 2.0 ** (at / HALF_LIFE - epoch * HALVINGS)
    return round(UNIT / gap * grown)


def _shifted(company: Company, epochs: int) -> Company:
    bits = HALVINGS * epochs
    return {other: (after, before, lately >> bits) for other, (after, before, lately) in company.items()}


def _meet(company: Company, other: str, more_after: int, more_before: int, more_lately: int) -> None:
    after, before, lately = company.get(other, (0, 0, 0))
    company[other] = after + more_after, before + more_before, lately + more_lately


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
