"""Collaborative: what is liked together with what the person enjoyed lately."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import SEEDS, Candidates, Person
from recomind.recommender.index.video_index import VideoIndex

SHRINK: Final = 5
"""Added to a candidate's likes, so that a rare video's few pairs count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Neighbours of the seeds by cosine: pairs(i, j) / sqrt((likes(i) + 1) (likes(j) + SHRINK))."""
    company, likes = person.company, index.columns.likes
    norms = company.for_pairs(likes[list(person.enjoyed[:SEEDS])] + 1)
    return Candidates(company.rows, (company.after + company.before) / np.sqrt(norms * (likes[company.rows] + SHRINK)))
