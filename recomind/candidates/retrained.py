"""Collaborative: the item-item model that `recomind train` makes from the archive."""

import numpy as np

from recomind.candidates.found import NONE, Candidates, best
from recomind.ranking.index import VideoIndex
from recomind.state.profile import Profile


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """The sum of the model's lists of all remembered likes."""
    del now
    rows = (index.rows.get(liked.video_id, -1) for liked in profile.likes)
    lists = [index.model[row] for row in rows if row in index.model]
    if not lists:
        return NONE
    return best(np.concatenate([rows for rows, _ in lists]), np.concatenate([weights for _, weights in lists]))
