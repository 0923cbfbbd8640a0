"""Collaborative: what is liked together with what the person liked lately."""

import numpy as np

from recomind.candidates.found import NONE, Candidates, best
from recomind.ranking.index import VideoIndex
from recomind.state.profile import Profile

SEEDS = 20
"""How many of the latest likes count."""


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """Neighbours of the latest likes by cosine: pairs(i, j) / sqrt(likes(i) likes(j))."""
    del now
    seeds = [index.rows.get(liked.video_id, -1) for liked in profile.likes[-SEEDS:]]
    found = [
        (company.rows, company.after + company.before, row) for row in seeds if (company := index.company.get(row))
    ]
    if not found:
        return NONE
    rows = np.concatenate([rows for rows, _, _ in found])
    scores = np.concatenate([sums / np.sqrt(index.norms[row]) for _, sums, row in found])
    return best(rows, scores / np.sqrt(index.norms[rows]))
