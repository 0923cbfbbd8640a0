"""Collaborative: what people like next after what the person enjoyed last."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import SEEDS, Candidates, Person
from recomind.recommender.index.video_index import VideoIndex

SHRINK: Final = 10
"""Added to a video's likes, so that a rare video's few transitions count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Transitions from the seeds: sum over k of after(i_k, j) / (likes(i_k) + SHRINK) / k, i_k being k steps back."""
    seeds, company = list(person.enjoyed[:SEEDS]), person.company
    steps = np.arange(1, len(seeds) + 1)
    return Candidates(company.rows, company.after / company.for_pairs((index.columns.likes[seeds] + SHRINK) * steps))
