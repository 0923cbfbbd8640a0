"""Metrics of recommendation quality over the ranks of liked videos, from 1; a miss has rank infinity."""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from recomind.recommender.index.columns import Floats

CUTOFF = 10


class Quality(NamedTuple):
    """Means over scored likes."""

    likes: int
    hr_at_10: float
    """Hit rate: share of likes whose video was among the first ten."""
    hr_error: float
    """Half-width of the 95 % confidence interval of the hit rate, by the normal approximation."""
    ndcg_at_10: float
    """Mean of 1/log2(1 + rank) for ranks up to ten, else 0 (Järvelin and Kekäläinen, 2002, one relevant video)."""
    mrr: float
    """Mean reciprocal rank."""


def quality(ranks: Floats) -> Quality:
    """The metrics of ranks, shape (likes,).

    >>> quality(np.array([1.0, np.inf]))
    Quality(likes=2, hr_at_10=0.5, hr_error=0.693, ndcg_at_10=0.5, mrr=0.5)
    """
    if not len(ranks):
        return Quality(0, 0.0, 0.0, 0.0, 0.0)
    hits = ranks <= CUTOFF
    gains = np.where(hits, 1 / np.log2(1 + np.where(hits, ranks, 1)), 0)
    share = float(hits.mean())
    error = round(1.96 * sqrt(share * (1 - share) / len(ranks)), 4)
    return Quality(len(ranks), share, error, float(gains.mean()), float((1 / ranks).mean()))


def novelty(popularity: Floats) -> float:
    """Mean self-information of shown videos in bits; `popularity` is the share of likes of each, shape (shown,)."""
    return float(-np.log2(np.maximum(popularity, 1e-9)).mean()) if len(popularity) else 0.0


def midrank(scores: Floats, position: int) -> float:
    """The rank of a candidate by a source's scores: 1 for the best, a tie's mean rank, infinity without a score."""
    if scores[position] <= 0:
        return inf
    better, equal = np.count_nonzero(scores > scores[position]), np.count_nonzero(scores == scores[position])
    return float(1 + better + (equal - 1) / 2)
