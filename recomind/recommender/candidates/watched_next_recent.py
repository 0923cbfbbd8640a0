"""Collaborative: videos that users have recently liked next after the user's recent positives."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex

SHRINKAGE_TRANSITIONS: Final = 20
"""Added to a seed's recent transitions, so that a few of them count less."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """Recent transitions from the seeds, decayed to now.

    The sum over k of recent_after(i_k, j) / (outgoing_weight(i_k) + SHRINKAGE_TRANSITIONS) / k, where i_k is the
    user's k-th latest positive.
    """
    del index
    neighbours = user.neighbours
    factors = neighbours.decay_factors(user.now)
    ranks = np.arange(1, len(factors) + 1)
    shares = factors / ((neighbours.outgoing_weights * factors + SHRINKAGE_TRANSITIONS) * ranks)
    return Candidates(neighbours.rows, neighbours.recent_after * neighbours.expand(shares))
