"""Collaborative: what people have lately liked next after what the person enjoyed last."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import Candidates, Person
from recomind.recommender.index.video_index import VideoIndex

SHRINK: Final = 20
"""Added to how much people lately go on from a video, in pairs, so that a few transitions count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Transitions from the seeds: sum over k of lately(i_k, j) / (left(i_k) + SHRINK) / k, decayed to now."""
    del index
    company, worth = person.company, person.company.worth(person.now)
    steps = np.arange(1, len(worth) + 1)
    shares = worth / ((company.left * worth + SHRINK) * steps)
    return Candidates(company.rows, company.lately * company.for_pairs(shares))
