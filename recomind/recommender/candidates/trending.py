"""Popularity: what all users like now, at several half-lives; what a new user gets."""

import numpy as np

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.top_lists import DAY_INDEX
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.forward_decay import Scores


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The trending lists; score: likes decayed with a half-life of a day, relative to the most liked."""
    del user
    rows = index.top_lists.trending()
    scores = index.columns.like_scores[rows, DAY_INDEX]
    return Candidates(rows, np.exp(scores - scores.max(initial=-1e300)))


def score(like_scores: Scores) -> float:
    """The log-score that trending lists are ordered by; its order is the same at any time."""
    return like_scores[DAY_INDEX]
