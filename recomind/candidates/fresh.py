"""Exploration: new uploads that few have been shown yet, so that a new video is seen at all."""

import numpy as np

from recomind.candidates.found import Candidates
from recomind.ranking.index import VideoIndex
from recomind.state.profile import Profile

LIMIT = 20
"""Most fresh videos among the candidates."""

ENOUGH = 50
"""A video shown this often is no longer fresh: its own figures speak for it."""


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """The latest uploads with fewer than `ENOUGH` actions; score 1/rank."""
    del profile, now
    size = index.size
    fresh = np.flatnonzero(index.listed[:size] & (index.counts[:size].sum(axis=1) < ENOUGH))
    rows = fresh[np.lexsort((fresh, -index.created_at[fresh]))][:LIMIT].astype(np.int32)
    return Candidates(rows, 1 / np.arange(1, len(rows) + 1))
