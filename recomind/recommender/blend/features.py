"""Features of candidates: what the blend weighs.

A row a candidate, a column a feature (`NAMES`): each source's score and its square root, decayed likes and actions
at every half-life, like rates, agreement with the tags liked and skipped, and ages.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from recomind.recommender.index.columns import TAGS, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.popularity import HALF_LIVES, RATES

HOUR: Final = 3600.0
_RATES: Final = np.array(RATES + RATES)
_LABELS: Final = tuple(f"{half_life / HOUR:.0f} h" for half_life in HALF_LIVES)
_LIKED: Final = slice(2, len(HALF_LIVES))
_SHOWN: Final = slice(2 + len(HALF_LIVES), None)
"""Like rates are taken over half-lives of a day and more; shorter ones are noise."""

_EACH: Final = np.ones(TAGS)

FLOOR: Final = 0.1
"""Added to a decayed count before its logarithm, so that none at all is a finite figure."""


def names(sources: Sequence[str]) -> tuple[str, ...]:
    """What each column is."""
    return (
        *sources,
        *(f"{source}, square root" for source in sources),
        *(f"likes, {label}" for label in _LABELS),
        *(f"actions, {label}" for label in _LABELS),
        *(f"like rate, {label}" for label in _LABELS[_LIKED]),
        "tags liked",
        "tags skipped",
        "age",
        "time since a like",
        "never liked",
    )


def features(index: VideoIndex, rows: Rows, scores: Floats, tags: tuple[Floats, Floats], now: float) -> Floats:
    """The features of candidates.

    Args:
        index: figures of videos.
        rows: candidates, shape (candidates,).
        scores: in [0, 1], shape (sources, candidates).
        tags: the person's weights of tags liked and of tags skipped, each of shape (tags,).
        now: event time, epoch seconds.

    Returns:
        Shape (candidates, features).
    """
    columns = index.columns
    first_at, liked_at = columns.first_at.take(rows), columns.liked_at.take(rows)
    counts = np.exp(np.minimum(columns.scores.take(rows, axis=0) - _RATES * now, 30.0))
    rate = np.log((counts[:, _LIKED] + 1) / (counts[:, _SHOWN] + 3))
    ever = liked_at > 0
    since = np.where(ever, np.log1p(np.maximum(0.0, now - liked_at) / HOUR), 0.0)
    age = np.log1p(np.clip(now - first_at, 0.0, 1e9) / HOUR)
    match, counted = _match(index, rows, tags), np.log(counts + FLOOR)
    return np.vstack([scores, np.sqrt(scores), counted.T, rate.T, *match, age, since, ~ever]).T


def _match(index: VideoIndex, rows: Rows, tags: tuple[Floats, Floats]) -> list[Floats]:
    """How well each candidate's tags agree with tags liked and skipped: each of shape (candidates,)."""
    carried = index.columns.tags.take(rows, axis=0)
    norms = np.sqrt(np.maximum(1, (carried >= 0) @ _EACH))
    return [np.append(weights, 0.0).take(carried) @ _EACH / norms for weights in tags]
