"""Collaborative: what people like next after what the person liked last."""

from typing import Final

from recomind.candidates.found import Candidates, Person, together
from recomind.ranking.index import VideoIndex

STEPS: Final = 20
"""How many likes back transitions are followed, a like k steps back counting 1/k."""

SHRINK: Final = 10
"""Added to a video's likes, so that a rare video's few transitions count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Transitions from the last likes: sum over k of after(i_k, j) / (likes(i_k) + SHRINK) / k."""
    likes = index.columns.likes
    steps = ((index.company(row), row, step) for step, row in enumerate(person.enjoyed[:STEPS], 1))
    return together((company.rows, company.after / (likes[row] + SHRINK) / step) for company, row, step in steps)
