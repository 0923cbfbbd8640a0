"""What sources are asked, and what they answer."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.candidates.tag_affinity import Tastes, tastes_of
from recomind.recommender.index.columns import NO_FLOATS, NO_ROWS, Floats, Rows
from recomind.recommender.index.neighbours import Company
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import LIKES, Profile, enjoyed_lately


class Person(NamedTuple):
    """Somebody to recommend to: a profile, and what follows from it for every source."""

    profile: Profile
    enjoyed: tuple[int, ...]
    """Rows of what was liked or watched, latest first."""
    company: Company
    """Of the first `SEEDS` of them."""
    tastes: Tastes
    """What the person's actions say of tags."""
    now: float
    """As of when, epoch seconds."""


class Candidates(NamedTuple):
    """Rows of the index and their scores, none below zero, arrays of one length; a row's scores add up."""

    rows: Rows
    scores: Floats


ENJOYED: Final = LIKES
"""How many of the latest videos that a person liked or watched sources can build on."""

SEEDS: Final = 20
"""How many of these, the latest, have their company looked at."""

NONE: Final = Candidates(NO_ROWS, NO_FLOATS)


def person_of(profile: Profile, index: VideoIndex, now: float) -> Person:
    """A profile as sources see it."""
    known = map(index.rows.get, enjoyed_lately(profile, ENJOYED))
    enjoyed = tuple([row for row in known if row is not None])
    return Person(profile, enjoyed, index.companies.of(enjoyed[:SEEDS]), tastes_of(profile, index), now)


def together(parts: Iterable[tuple[Rows, Floats]]) -> Candidates:
    """Several lists as one."""
    lists = [part for part in parts if len(part[0])]
    if not lists:
        return NONE
    rows, scores = zip(*lists, strict=True)
    return Candidates(np.concatenate(rows), np.concatenate(scores))


def best_first(candidates: Candidates) -> Candidates:
    """Each row once with its sum, best first; ties go to the lower row.

    >>> best_first(Candidates(np.array([3, 5, 3]), np.array([1.0, 1.5, 1.0])))
    Candidates(rows=array([3, 5]), scores=array([2. , 1.5]))
    """
    rows, where = np.unique(candidates.rows, return_inverse=True)
    sums = np.bincount(where, candidates.scores, len(rows)).astype(float)
    order = np.lexsort((rows, -sums))
    return Candidates(rows[order], sums[order])
