"""Exploration: new uploads that few users have been shown, so that a new video gets its first views."""

import numpy as np

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The latest uploads with few actions; score 1/rank."""
    del user
    rows = index.top_lists.fresh()
    return Candidates(rows, 1 / np.arange(1, len(rows) + 1))
