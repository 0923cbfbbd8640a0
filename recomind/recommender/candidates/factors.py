"""The factor model: the videos that the user likes most probably when they are shown."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import NO_CANDIDATES, Candidates, UserContext
from recomind.recommender.index.columns import largest
from recomind.recommender.index.seen import is_seen
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.local_rates import local_log_odds

MAX_CANDIDATES: Final = 100


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The unseen videos with the highest log odds of a like, there and then where the request has a local context.

    The score is exp(log odds - the highest log odds).
    """
    columns, size = index.columns, index.size
    scores = index.factors.scores(slice(0, size), user.factors).astype(float)
    if user.local:
        scores += local_log_odds(index, slice(0, size), user.local)
    scores[~columns.listed[:size] | is_seen(columns.hash[:size], user.profile.seen)] = -np.inf
    rows = largest(scores, MAX_CANDIDATES)
    if not len(rows):
        return NO_CANDIDATES
    return Candidates(rows, np.exp(scores[rows] - scores[rows].max()))
