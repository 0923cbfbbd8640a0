"""Collaborative: videos that are liked together with the user's recent positives."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import MAX_SEEDS, Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex

SHRINKAGE_LIKES: Final = 5
"""Added to a candidate's likes, so that a rare video's few pairs count less."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """Neighbours of the seeds by shrunk cosine: pairs(i, j) / sqrt((likes(i) + 1) (likes(j) + SHRINKAGE_LIKES))."""
    neighbours, likes = user.neighbours, index.columns.likes
    seed_norms = neighbours.expand(likes[list(user.positives[:MAX_SEEDS])] + 1)
    norms = np.sqrt(seed_norms * (likes[neighbours.rows] + SHRINKAGE_LIKES))
    return Candidates(neighbours.rows, (neighbours.after + neighbours.before) / norms)
