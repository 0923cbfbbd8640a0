"""Features of candidates: what the blend weighs.

One row a candidate, one column a feature (see `feature_names`): each source's score and its square root, decayed likes
and actions at every half-life, like rates, agreement with the tags liked and skipped, and ages.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from recomind.recommender.index.columns import TAGS_PER_VIDEO, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.popularity import DECAY_RATES, HALF_LIVES_S, HOUR_S

_RATES: Final = np.array(DECAY_RATES + DECAY_RATES)
_HALF_LIFE_NAMES: Final = tuple(f"{half_life / HOUR_S:.0f} h" for half_life in HALF_LIVES_S)
_LIKE_RATE_LIKES: Final = slice(2, len(HALF_LIVES_S))
_LIKE_RATE_ACTIONS: Final = slice(2 + len(HALF_LIVES_S), None)
"""Columns of scores for like rates: half-lives of a day and more. Shorter ones are noise."""

_ONES: Final = np.ones(TAGS_PER_VIDEO)

COUNT_OFFSET: Final = 0.1
"""Added to a decayed count before its logarithm, so that a count of 0 is finite."""


def feature_names(sources: Sequence[str]) -> tuple[str, ...]:
    """The name of each column."""
    return (
        *sources,
        *(f"{source}, square root" for source in sources),
        *(f"likes, {name}" for name in _HALF_LIFE_NAMES),
        *(f"actions, {name}" for name in _HALF_LIFE_NAMES),
        *(f"like rate, {name}" for name in _HALF_LIFE_NAMES[_LIKE_RATE_LIKES]),
        "tags liked",
        "tags skipped",
        "age",
        "time since a like",
        "never liked",
    )


def compute_features(index: VideoIndex, rows: Rows, scores: Floats, tags: tuple[Floats, Floats], now: float) -> Floats:
    """The features of candidates.

    Args:
        index: the index that rows belong to.
        rows: candidates, shape (candidates,).
        scores: sources' scores in [0, 1], shape (sources, candidates).
        tags: the user's weights of liked and of skipped tags, each of shape (tags,).
        now: event time, epoch seconds.

    Returns:
        Shape (candidates, features).
    """
    columns = index.columns
    first_at, liked_at = columns.first_at.take(rows), columns.liked_at.take(rows)
    counts = np.exp(np.minimum(columns.scores.take(rows, axis=0) - _RATES * now, 30.0))
    like_rate = np.log((counts[:, _LIKE_RATE_LIKES] + 1) / (counts[:, _LIKE_RATE_ACTIONS] + 3))
    was_liked = liked_at > 0
    since_like = np.where(was_liked, np.log1p(np.maximum(0.0, now - liked_at) / HOUR_S), 0.0)
    age = np.log1p(np.clip(now - first_at, 0.0, 1e9) / HOUR_S)
    tag_match, log_counts = _tag_match(index, rows, tags), np.log(counts + COUNT_OFFSET)
    return np.vstack([scores, np.sqrt(scores), log_counts.T, like_rate.T, *tag_match, age, since_like, ~was_liked]).T


def _tag_match(index: VideoIndex, rows: Rows, tags: tuple[Floats, Floats]) -> list[Floats]:
    """How well each candidate's tags agree with liked and with skipped tags: each of shape (candidates,)."""
    video_tags = index.columns.tags.take(rows, axis=0)
    norms = np.sqrt(np.maximum(1, (video_tags >= 0) @ _ONES))
    return [np.append(weights, 0.0).take(video_tags) @ _ONES / norms for weights in tags]
