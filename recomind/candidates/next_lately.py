"""Collaborative: what people have lately liked next after what the person enjoyed last."""

from typing import Final

from recomind.candidates.found import Candidates, Person, together
from recomind.ranking.index import Company, Floats, Rows, VideoIndex
from recomind.state.neighbours import scale

STEPS: Final = 20
"""How many videos back transitions are followed, one k steps back counting 1/k."""

SHRINK: Final = 20
"""Added to how much people lately go on from a video, in pairs, so that a few transitions count less."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """Transitions from the last videos: sum over k of lately(i_k, j) / (left(i_k) + SHRINK) / k, decayed to now."""
    return together(_after(index.company(row), person.now, step) for step, row in enumerate(person.enjoyed[:STEPS], 1))


def _after(company: Company, now: float, step: int) -> tuple[Rows, Floats]:
    worth = scale(company.epoch, now)
    return company.rows, company.lately * (worth / ((company.left * worth + SHRINK) * step))
