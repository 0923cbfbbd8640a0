"""Popularity: what everybody likes now, at several half-lives; the answer for someone new."""

import numpy as np

from recomind.candidates.found import Candidates, Person
from recomind.ranking.heads import DAY
from recomind.ranking.index import VideoIndex
from recomind.state.popularity import Scores


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The heads of the trending lists, scored by likes with a half-life of a day relative to the most liked."""
    del person
    rows = index.heads.trending()
    liked = index.columns.liked[rows, DAY]
    return Candidates(rows, np.exp(liked - liked.max(initial=-1e300)))


def score(liked: Scores) -> float:
    """The order in which videos trend: a log-score, comparable at any time."""
    return liked[DAY]
