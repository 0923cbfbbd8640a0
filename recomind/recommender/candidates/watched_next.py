"""Collaborative: videos that users like next after the user's recent positives."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import MAX_SEEDS, Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex

SHRINKAGE_LIKES: Final = 10
"""Added to a seed's likes, so that a rare video's few transitions count less."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """Transitions from the seeds: the sum over k of after(i_k, j) / (likes(i_k) + SHRINKAGE_LIKES) / k.

    i_k is the user's k-th latest positive.
    """
    seeds, neighbours = list(user.positives[:MAX_SEEDS]), user.neighbours
    ranks = np.arange(1, len(seeds) + 1)
    norms = neighbours.expand((index.columns.likes[seeds] + SHRINKAGE_LIKES) * ranks)
    return Candidates(neighbours.rows, neighbours.after / norms)
