"""What is remembered of a video's popularity: counts, decayed scores and exact windows.

Decay needs no sweep. A score is the logarithm of a sum of `exp(rate * t)` over its actions (forward decay,
Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009): the order of two scores is the same at any later
time, and `exp(score - rate * now)` is the decayed count as of `now`. Windows are counts a minute and an hour, kept
as far back from the latest action as the longest window reaches. All of it is sums and maxima of event times, so
the order of arrival does not matter.
"""

from collections.abc import Iterable
from math import exp, inf, log, log1p
from typing import Final, NamedTuple

import msgspec

from recomind.signals import Origin, Touched
from recomind.state.origins import Origins, advance, is_news

HOUR: Final = 3600.0
HALF_LIVES: Final = (HOUR, 6 * HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR)
"""Half-lives of the decayed scores, in seconds: an hour, a quarter of a day, a day, a week, a month."""

RATES: Final = tuple(log(2) / half_life for half_life in HALF_LIVES)

MINUTES: Final = 60
"""How many minute buckets are kept: the window of an hour."""

HOURS: Final = 168
"""How many hour buckets are kept: the windows of a day and of a week."""


class Counts(NamedTuple):
    """How often a video was liked, viewed and skipped."""

    likes: int = 0
    views: int = 0
    skips: int = 0


NONE: Final = Counts()

Ring = dict[int, Counts]
"""Bucket number (event time divided by the bucket's length) to its counts."""

Scores = tuple[float, ...]
"""A log-score for each of `HALF_LIVES`; -inf where nothing happened."""

NOTHING: Final[Scores] = (-inf,) * len(HALF_LIVES)


class Popularity(msgspec.Struct, frozen=True, array_like=True):
    """A video's popularity."""

    origins: Origins = {}
    counts: Counts = Counts()
    liked: Scores = NOTHING
    """Log-scores of first likes."""
    shown: Scores = NOTHING
    """Log-scores of all actions: how much the video is put before people."""
    minutes: Ring = {}
    hours: Ring = {}
    first_at: float = inf
    last_at: float = 0.0


def fold(popularity: Popularity, touches: Iterable[Touched]) -> Popularity:
    """Take signals in, in their order; those applied before change nothing."""
    for touch in touches:
        if is_news(popularity.origins, touch.lane, touch.offset):
            popularity = _absorb(popularity, touch)
    return popularity


def decayed(score: float, rate: float, now: float) -> float:
    """The decayed count that a log-score stands for, as of `now`.

    >>> rate = log(2) / 60
    >>> round(decayed(add(-inf, rate * 0), rate, 60), 3)  # one action, one half-life ago
    0.5
    """
    return exp(score - rate * now)


def add(score: float, term: float) -> float:
    """log(exp(score) + exp(term)), without overflow."""
    high, low = (score, term) if score > term else (term, score)
    return high if low == -inf else high + log1p(exp(low - high))


def window(popularity: Popularity, seconds: float, now: float) -> Counts:
    """Counts of the last `seconds` before `now`: whole minutes up to an hour, else whole hours up to a week."""
    ring, length = (popularity.minutes, 60.0) if seconds <= HOUR else (popularity.hours, HOUR)
    last = int(now // length)
    inside = [counts for bucket, counts in ring.items() if last - seconds // length < bucket <= last]
    return Counts(*map(sum, zip(*inside, strict=True))) if inside else Counts()


def _absorb(popularity: Popularity, touch: Touched) -> Popularity:
    at, kind = touch.timestamp, touch.action_type
    learns = kind == "like" and not touch.again
    last_at = max(popularity.last_at, at)
    return Popularity(
        advance(popularity.origins, Origin(touch.lane, touch.offset)),
        _count(popularity.counts, kind),
        _add_all(popularity.liked, at) if learns else popularity.liked,
        _add_all(popularity.shown, at),
        _bucketed(popularity.minutes, int(at // 60), int(last_at // 60) - MINUTES, kind),
        _bucketed(popularity.hours, int(at // HOUR), int(last_at // HOUR) - HOURS, kind),
        min(popularity.first_at, at),
        last_at,
    )


def _add_all(scores: Scores, at: float) -> Scores:
    return tuple([add(score, rate * at) for score, rate in zip(scores, RATES, strict=True)])


def _count(counts: Counts, kind: str) -> Counts:
    return Counts(counts[0] + (kind == "like"), counts[1] + (kind == "view"), counts[2] + (kind == "skip"))


def _bucketed(ring: Ring, bucket: int, floor: int, kind: str) -> Ring:
    """The ring with one more action; buckets at or below `floor` are out of every window."""
    if bucket <= floor:
        return ring
    grown = {**ring, bucket: _count(ring.get(bucket, NONE), kind)}
    if bucket in ring or min(grown) > floor:
        return grown
    return {number: counts for number, counts in grown.items() if number > floor}
