"""Collaborative: what people who like the same have liked lately."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from recomind.recommender.candidates.types import Candidates, Person
from recomind.recommender.index.columns import Floats, Rows, distinct
from recomind.recommender.index.video_index import VideoIndex

SEEDS: Final = 10
"""How many of the latest likes are asked for their likers."""

PEOPLE: Final = 20
"""How many similar people count."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The latest likes of similar people, each weighted by its person's similarity."""
    people, scores = _similar(person.enjoyed, index, PEOPLE)
    likes = index.people.likes[people]
    kept = likes >= 0
    return Candidates(likes[kept], np.repeat(scores, kept.sum(axis=1)))


def similar(person: Person, index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """People who lately liked what this person liked, most similar first; without the one asked about (`user_id`)."""
    return similar_to(person.enjoyed, index, user_id)


def similar_to(enjoyed: Sequence[int], index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """The same of somebody who liked the videos of these rows, latest first."""
    people, scores = _similar(enjoyed, index, PEOPLE + 1)
    named = zip(map(index.people.ids.__getitem__, people.tolist()), scores.tolist(), strict=True)
    return [(name, score) for name, score in named if name not in ("", user_id)][:PEOPLE]


def _similar(enjoyed: Sequence[int], index: VideoIndex, n: int) -> tuple[Rows, Floats]:
    """Rows of people and the sum of 1/log(2 + likes) over shared videos, largest first; ties go to the latest like.

    Adamic and Adar, "Friends and neighbors on the Web", 2003.
    """
    seeds, columns = list(enjoyed[:SEEDS])[::-1], index.columns
    likers = columns.likers[seeds]
    kept = likers >= 0
    people, where = distinct(likers[kept], index.people.slot)
    shares = np.repeat(1 / np.log(2 + columns.likes[seeds]), kept.sum(axis=1))
    scores = np.bincount(where, shares, len(people))[::-1].astype(float, copy=False)
    best = np.argsort(-scores, kind="stable")[:n]
    return people[::-1][best], scores[best]
