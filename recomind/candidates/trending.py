"""Popularity: what everybody likes now; the answer for someone new."""

import numpy as np

from recomind.candidates.found import LIMIT, Candidates
from recomind.ranking.index import Rows, VideoIndex
from recomind.state.popularity import HALF_LIVES, RATES, Scores
from recomind.state.profile import Profile

DAY = HALF_LIVES.index(24 * 3600.0)
"""Trending decays by half each day."""


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """The videos with the most decayed likes as of `now`."""
    del profile
    scores = np.where(index.listed[: index.size], index.liked[: index.size, DAY], -np.inf)
    order = np.argsort(-scores, kind="stable")[:LIMIT]
    rows: Rows = order[scores[order] > -np.inf].astype(np.int32)
    return Candidates(rows, np.exp(scores[rows] - RATES[DAY] * now))


def score(liked: Scores) -> float:
    """The order in which videos trend: a log-score, comparable at any time."""
    return liked[DAY]
