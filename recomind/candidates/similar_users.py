"""Collaborative: what people who like the same have liked lately."""

from collections import defaultdict
from collections.abc import Sequence
from heapq import nsmallest
from math import log
from typing import Final

import numpy as np

from recomind.candidates.found import Candidates, Person
from recomind.ranking.index import NO_ROWS, VideoIndex

SEEDS: Final = 10
"""How many of the latest likes are asked for their likers."""

PEOPLE: Final = 20
"""How many similar people count."""

LATEST: Final = 10
"""How many of a similar person's latest likes count."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The latest likes of similar people, each weighted by its person's similarity."""
    people = similar(person, index)
    rows = [index.likes_of.get(user, NO_ROWS)[-LATEST:] for user, _ in people]
    scores = np.repeat([score for _, score in people], [len(some) for some in rows])
    return Candidates(np.concatenate([NO_ROWS, *rows]), scores)


def similar(person: Person, index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """People who lately liked what this person liked, most similar first; without the one asked about (`user_id`)."""
    return similar_to(person.enjoyed, index, user_id)


def similar_to(enjoyed: Sequence[int], index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """The same of somebody who liked these, latest first: scored by the sum of 1/log(2 + likes) over shared videos.

    Adamic and Adar, "Friends and neighbors on the Web", 2003.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    for row in enjoyed[:SEEDS]:
        share = 1 / log(2 + index.columns.likes[row])
        for liker, _ in index.likers.get(row, ()):
            scores[liker] += share
    scores.pop(user_id, None)
    best = nsmallest(PEOPLE, [(-score, user) for user, score in scores.items()])
    return [(user, -score) for score, user in best]
