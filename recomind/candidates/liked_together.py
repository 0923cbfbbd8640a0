"""Collaborative: what is liked together with what the person liked lately."""

from typing import Final

import numpy as np

from recomind.candidates.found import Candidates, Person, together
from recomind.ranking.index import VideoIndex

SEEDS: Final = 20
"""How many of the latest likes count."""

SHRINK: Final = 5
"""Added to a candidate's likes, so that a rare video's few pairs count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Neighbours of the latest likes by cosine: pairs(i, j) / sqrt((likes(i) + 1) (likes(j) + SHRINK))."""
    seeds = person.enjoyed[:SEEDS]
    likes = index.columns.likes
    lists = ((index.company(row), row) for row in seeds)
    found = together((company.rows, company.both / np.sqrt(likes[row] + 1)) for company, row in lists)
    return Candidates(found.rows, found.scores / np.sqrt(likes[found.rows] + SHRINK))
