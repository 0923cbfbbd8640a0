"""Popularity: what everybody likes now, at several half-lives; the answer for someone new."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from recomind.recommender.candidates.types import Candidates, Person
from recomind.recommender.index.top_lists import DAY
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.index.windowed_top import Best
from recomind.state.popularity import Popularity, Scores


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The heads of the trending lists, scored by likes with a half-life of a day relative to the most liked."""
    del person
    rows = index.heads.trending()
    liked = index.columns.liked[rows, DAY]
    return Candidates(rows, np.exp(liked - liked.max(initial=-1e300)))


def score(liked: Scores) -> float:
    """The order in which videos trend: a log-score, comparable at any time."""
    return liked[DAY]


TOP: Final = 200
"""How many videos a partition puts forward for trending."""


def best_of(videos: Iterable[tuple[str, Popularity]]) -> Best:
    """The most popular of some videos, as a partition puts them forward."""
    best = Best(TOP)
    for video_id, value in videos:
        best.put(video_id, score(value.liked))
    return best
