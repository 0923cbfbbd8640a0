"""State of a video's popularity: counts, exponentially decayed scores, and exact sliding windows.

Scores need no periodic update, see `forward_decay`. Windows are counts per minute and per hour, kept as far back from
the latest action as the longest window reaches. Everything is a sum or a maximum over event times, so the order of
arrival does not matter, but for what was learned and for the countries of `local_counts`.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import inf, log
from typing import Final

import msgspec

from recomind.model.action_types import FEEDBACK_CODES, FEEDBACK_TYPES
from recomind.model.applied_offsets import AppliedOffsets, advance_if_new
from recomind.model.signals import (
    CORRECTION,
    OUTCOME,
    UNDONE,
    ActionSignal,
    PassedOverSignal,
    UndoSignal,
)
from recomind.state.factor_sums import add_increments
from recomind.state.forward_decay import Scores, log_add_each, log_subtract_each
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCounts, add_local
from recomind.state.watch_times import Watches, add_watches

HOUR_S: Final = 3600.0
HALF_LIVES_S: Final = (HOUR_S, 6 * HOUR_S, 24 * HOUR_S, 168 * HOUR_S, 720 * HOUR_S)
"""Half-lives of the decayed scores, in seconds: 1 hour, 6 hours, a day, a week, 30 days."""

DECAY_RATES: Final = tuple(log(2) / half_life for half_life in HALF_LIVES_S)
"""The same as decay rates, per second."""

MINUTE_BUCKETS: Final = 60
"""How many minute buckets are kept: the window of an hour."""

HOUR_BUCKETS: Final = 168
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

    def without_likes(self, likes: int) -> "Counts":
        """The counts without so many likes."""
        return Counts(max(0, self.likes - likes), self.views, self.skips)


VideoSignal = ActionSignal | PassedOverSignal | UndoSignal
"""Signals that popularity is folded from."""

ONE_ACTION: Final = {"like": Counts(likes=1), "view": Counts(views=1), "skip": Counts(skips=1)}
"""The counts of a single action, by type."""

Buckets = dict[int, Counts]
"""Bucket number (event time divided by the bucket's length) to its counts, the earliest bucket first."""

NO_SCORES: Final[Scores] = (-inf,) * len(HALF_LIVES_S)
"""A log-score for each of `HALF_LIVES_S`."""


class Popularity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A video's popularity."""

    applied_offsets: AppliedOffsets = {}
    counts: Counts = Counts()
    like_scores: Scores = NO_SCORES
    """Log-scores of first likes."""
    action_scores: Scores = NO_SCORES
    """Log-scores of all actions: how often the video has been shown."""
    minutes: Buckets = {}
    """As `hours`, by minute."""
    hours: Buckets = {}
    """Actions by hour; of likes only the first of each user."""
    first_at: float = inf
    """Event time of the first action, epoch seconds."""
    last_at: float = 0.0
    """Event time of the latest action, epoch seconds."""
    first_likes: int = 0
    """How many users liked it; the squared norm in cosine similarity."""
    liked_at: float = 0.0
    """Event time of the latest first like, epoch seconds; 0 if there is none."""
    factor_sums: bytes = b""
    """Sums of the video's increments in the factor model, `2 * FACTOR_WIDTH` single floats; empty before the first."""
    impressions: int = 0
    """Places of served lists that had an outcome or were passed over."""
    shown_likes: int = 0
    """Those that were liked."""
    feedback: tuple[int, ...] = ()
    """How many users gave feedback of each of `FEEDBACK_TYPES`; empty before the first."""
    watches: Watches = {}
    """How long it was watched, see `watch_times`."""
    local: LocalCounts = NO_LOCAL_COUNTS
    """What is counted by country and quarter of the day."""


class RankingPopularity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Partial view of an encoded `Popularity`, without windows: decoding those too would take three times as long."""

    applied_offsets: msgspec.Raw
    counts: Counts
    like_scores: Scores
    action_scores: Scores
    minutes: msgspec.Raw
    hours: msgspec.Raw
    first_at: float
    last_at: float
    first_likes: int
    liked_at: float
    factor_sums: bytes = b""
    impressions: int = 0
    shown_likes: int = 0
    feedback: tuple[int, ...] = ()
    watches: Watches = {}
    local: LocalCounts = NO_LOCAL_COUNTS


def fold(popularity: Popularity, signals: Iterable[VideoSignal]) -> Popularity:
    """Fold signals in their order; those applied before change nothing.

    The collections inside are copied once per call, not once per signal: a popular video gets many in a batch.
    """
    applied = dict(popularity.applied_offsets)
    joined = [signal for signal in signals if advance_if_new(applied, signal.source, signal.offset)]
    if not joined:
        return popularity
    outcomes = [OUTCOME if type(signal) is PassedOverSignal else signal.outcome for signal in joined]
    counted = msgspec.structs.replace(
        popularity,
        applied_offsets=applied,
        factor_sums=add_increments(popularity.factor_sums, joined),
        impressions=popularity.impressions + outcomes.count(OUTCOME),
        shown_likes=popularity.shown_likes + sum(map(_is_shown_like, joined)) - outcomes.count(UNDONE),
        feedback=_add_feedback(popularity.feedback, joined),
        local=add_local(popularity.local, joined),
    )
    for is_undo, some in groupby(joined, lambda signal: type(signal) is UndoSignal):
        if is_undo:
            for undone in [one for one in some if type(one) is UndoSignal and one.action_type == "like"]:
                counted = _undo_like(counted, undone)
        else:
            new = [one for one in some if type(one) is ActionSignal and one.action_type in ONE_ACTION]
            counted = _fold_actions(counted, new) if new else counted
    return counted


def _is_shown_like(signal: VideoSignal) -> bool:
    """Whether a served place was liked: by its first outcome, or by a like that corrects it."""
    return type(signal) is ActionSignal and signal.action_type == "like" and signal.outcome in {OUTCOME, CORRECTION}


def _add_feedback(counts: tuple[int, ...], signals: Iterable[VideoSignal]) -> tuple[int, ...]:
    """Add a user's first feedback of a type, and subtract what was undone."""
    for signal in signals:
        code = -1 if type(signal) is PassedOverSignal else FEEDBACK_CODES.get(signal.action_type, -1)
        change = -1 if type(signal) is UndoSignal else int(type(signal) is ActionSignal and not signal.is_repeat)
        if code >= 0 and change:
            padded = counts + (0,) * (len(FEEDBACK_TYPES) - len(counts))
            counts = (*padded[:code], padded[code] + change, *padded[code + 1 :])
    return counts


def _undo_like(popularity: Popularity, undo: UndoSignal) -> Popularity:
    """The popularity without a first like and its repetitions.

    Counts and windows are exact. Scores are to the rounding of floats, and exact where no like is left. When the video
    was first and last acted on stays.
    """
    at = undo.acted_at
    terms = [rate * at for rate in DECAY_RATES]
    counts = popularity.counts.without_likes(1 + undo.repeats)
    first_likes = max(0, popularity.first_likes - 1)
    return msgspec.structs.replace(
        popularity,
        counts=counts,
        like_scores=log_subtract_each(popularity.like_scores, terms) if first_likes else NO_SCORES,
        action_scores=log_subtract_each(popularity.action_scores, terms) if counts.total else NO_SCORES,
        minutes=_without_like(popularity.minutes, int(at) // 60),
        hours=_without_like(popularity.hours, int(at) // 3600),
        first_likes=first_likes,
        liked_at=popularity.liked_at if first_likes else 0.0,
    )


def _without_like(buckets: Buckets, bucket: int) -> Buckets:
    """Buckets without a like; a bucket without actions is dropped, and one that no window reaches is gone already."""
    if bucket not in buckets:
        return buckets
    left = buckets[bucket].without_likes(1)
    return {
        number: left if number == bucket else one for number, one in buckets.items() if number != bucket or left.total
    }


def _fold_actions(popularity: Popularity, new: Sequence[ActionSignal]) -> Popularity:
    like_scores, action_scores = popularity.like_scores, popularity.action_scores
    first_likes, liked_at = popularity.first_likes, popularity.liked_at
    for signal in new:
        at = signal.timestamp
        terms = [rate * at for rate in DECAY_RATES]
        action_scores = log_add_each(action_scores, terms)
        if signal.action_type == "like" and not signal.is_repeat:
            like_scores = log_add_each(like_scores, terms)
            first_likes, liked_at = first_likes + 1, max(liked_at, at)
    times = [signal.timestamp for signal in new]
    first_at, last_at = min(popularity.first_at, *times), max(popularity.last_at, *times)
    return Popularity(
        popularity.applied_offsets,
        popularity.counts + _count(new),
        like_scores,
        action_scores,
        _count_in_buckets(popularity.minutes, new, 60, int(last_at) // 60 - MINUTE_BUCKETS),
        _count_in_buckets(popularity.hours, new, 3600, int(last_at) // 3600 - HOUR_BUCKETS),
        first_at,
        last_at,
        first_likes,
        liked_at,
        popularity.factor_sums,
        popularity.impressions,
        popularity.shown_likes,
        popularity.feedback,
        add_watches(popularity.watches, new) if any(one.watched_ms is not None for one in new) else popularity.watches,
        popularity.local,
    )


def window_counts(popularity: Popularity, seconds: float, now: float) -> Counts:
    """Counts of the last `seconds` before `now`: in whole minutes up to an hour, else in whole hours up to a week.

    A user's repeated likes of the video do not count.
    """
    buckets, length = (popularity.minutes, 60.0) if seconds <= HOUR_S else (popularity.hours, HOUR_S)
    last = int(now // length)
    inside = [counts for bucket, counts in buckets.items() if last - seconds // length < bucket <= last]
    return sum(inside, Counts())


def _count(signals: Sequence[ActionSignal]) -> Counts:
    types = [signal.action_type for signal in signals]
    return Counts(types.count("like"), types.count("view"), types.count("skip"))


def _count_in_buckets(buckets: Buckets, signals: Iterable[ActionSignal], length: int, floor: int) -> Buckets:
    """Add actions to buckets of `length` seconds, and drop those at or below `floor`, which no window reaches."""
    buckets = dict(buckets)
    latest, is_late = next(reversed(buckets), -1), False
    for signal in signals:
        if signal.is_repeated_like:
            continue
        bucket, one = int(signal.timestamp) // length, ONE_ACTION[signal.action_type]
        known = buckets.get(bucket)
        if known is not None:
            buckets[bucket] = known + one
        elif bucket > floor:
            buckets[bucket] = one
            latest, is_late = max(latest, bucket), is_late or bucket < latest
    if is_late:
        buckets = dict(sorted(buckets.items()))
    while buckets and (first := next(iter(buckets))) <= floor:
        del buckets[first]
    return buckets
