"""What is remembered of a video's popularity: counts, decayed scores and exact windows.

Decay needs no sweep. A score is the logarithm of a sum of `exp(rate * t)` over its actions (forward decay,
Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009): the order of two scores is the same at any later
time, and `exp(score - rate * now)` is the decayed count as of `now`. Windows are counts a minute and an hour, kept
as far back from the latest action as the longest window reaches. All of it is sums and maxima of event times, so
the order of arrival does not matter.
"""

from collections.abc import Iterable, Sequence
from math import exp, inf, log, log1p
from typing import Final

import msgspec

from recomind.model.applied_offsets import Origins, take
from recomind.model.signals import Touched

HOUR: Final = 3600.0
HALF_LIVES: Final = (HOUR, 6 * HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR)
"""Half-lives of the decayed scores, in seconds: an hour, a quarter of a day, a day, a week, a month."""

RATES: Final = tuple(log(2) / half_life for half_life in HALF_LIVES)

MINUTES: Final = 60
"""How many minute buckets are kept: the window of an hour."""

HOURS: Final = 168
"""How many hour buckets are kept: the windows of a day and of a week."""


class Counts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often a video was liked, viewed and skipped."""

    likes: int = 0
    views: int = 0
    skips: int = 0

    @property
    def total(self) -> int:
        """All actions."""
        return self.likes + self.views + self.skips

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.likes + other.likes, self.views + other.views, self.skips + other.skips)


ONE: Final = {"like": Counts(likes=1), "view": Counts(views=1), "skip": Counts(skips=1)}
"""The counts of a single action of each type."""

Ring = dict[int, Counts]
"""Bucket number (event time divided by the bucket's length) to its counts, the earliest bucket first."""

Scores = tuple[float, ...]
"""A log-score for each of `HALF_LIVES`; -inf where nothing happened."""

NOTHING: Final[Scores] = (-inf,) * len(HALF_LIVES)


class Popularity(msgspec.Struct, frozen=True, array_like=True, gc=False):
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
    likes: int = 0
    """First likes: the norm of the cosine."""
    liked_at: float = 0.0
    """Event time of the latest first like; 0 for none."""


class Figures(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A popularity as far as ranking reads it: decoding windows, too, would take three times as long."""

    origins: msgspec.Raw
    counts: Counts
    liked: Scores
    shown: Scores
    minutes: msgspec.Raw
    hours: msgspec.Raw
    first_at: float
    last_at: float
    likes: int
    liked_at: float


def fold(popularity: Popularity, touches: Iterable[Touched]) -> Popularity:
    """Take signals in, in their order; those applied before change nothing.

    What grows is copied once, not for each signal: a popular video gets many in a batch.
    """
    origins = dict(popularity.origins)
    news = [touch for touch in touches if take(origins, touch.lane, touch.offset)]
    if not news:
        return popularity
    liked, shown, likes, liked_at = popularity.liked, popularity.shown, popularity.likes, popularity.liked_at
    for touch in news:
        at = touch.timestamp
        terms = [rate * at for rate in RATES]
        shown = _add_all(shown, terms)
        if touch.action_type == "like" and not touch.again:
            liked, likes, liked_at = _add_all(liked, terms), likes + 1, max(liked_at, at)
    times = [touch.timestamp for touch in news]
    first_at, last_at = min(popularity.first_at, *times), max(popularity.last_at, *times)
    return Popularity(
        origins,
        popularity.counts + _count(news),
        liked,
        shown,
        _marked(popularity.minutes, news, 60, int(last_at) // 60 - MINUTES),
        _marked(popularity.hours, news, 3600, int(last_at) // 3600 - HOURS),
        first_at,
        last_at,
        likes,
        liked_at,
    )


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
    return sum(inside, Counts())


def _add_all(scores: Scores, terms: Iterable[float]) -> Scores:
    """`add` for each score and its term; written out, as it is the most frequent sum of all."""
    pairs = zip(scores, terms, strict=True)
    return tuple(
        [one + log1p(exp(more)) if (more := term - one) < 0.0 else term + log1p(exp(-more)) for one, term in pairs]
    )


def _count(touches: Sequence[Touched]) -> Counts:
    kinds = [touch.action_type for touch in touches]
    return Counts(kinds.count("like"), kinds.count("view"), kinds.count("skip"))


def _marked(ring: Ring, touches: Iterable[Touched], length: int, floor: int) -> Ring:
    """Count actions in their buckets, `length` seconds long; those at or below `floor` are out of every window."""
    ring = dict(ring)
    latest, is_late = next(reversed(ring), -1), False
    for touch in touches:
        bucket, one = int(touch.timestamp) // length, ONE[touch.action_type]
        known = ring.get(bucket)
        if known is not None:
            ring[bucket] = known + one
        elif bucket > floor:
            ring[bucket] = one
            latest, is_late = max(latest, bucket), is_late or bucket < latest
    if is_late:
        ring = dict(sorted(ring.items()))
    while ring and (first := next(iter(ring))) <= floor:
        del ring[first]
    return ring
