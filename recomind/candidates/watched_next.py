"""Collaborative: what people like next after what the person liked last."""

import numpy as np

from recomind.candidates.found import NONE, Candidates, best
from recomind.ranking.index import VideoIndex
from recomind.state.profile import Profile

STEPS = 10
"""How many likes back transitions are followed, a like k steps back counting 1/k."""

SHRINK = 10
"""Added to a video's likes, so that a rare video's few transitions count less."""


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """Transitions from the last likes: sum over k of after(i_k, j) / (likes(i_k) + SHRINK) / k."""
    del now
    seeds = [index.rows.get(liked.video_id, -1) for liked in profile.likes[: -STEPS - 1 : -1]]
    found = [
        (company.rows, company.after / (index.norms[row] + SHRINK) / step)
        for step, row in enumerate(seeds, 1)
        if (company := index.company.get(row))
    ]
    if not found:
        return NONE
    return best(np.concatenate([rows for rows, _ in found]), np.concatenate([scores for _, scores in found]))
