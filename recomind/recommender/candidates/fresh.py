"""Exploration: new uploads that few have been shown yet, so that a new video is seen at all."""

import numpy as np

from recomind.recommender.candidates.types import Candidates, Person
from recomind.recommender.index.video_index import VideoIndex


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The latest uploads with few actions; score 1/rank."""
    del person
    rows = index.heads.fresh()
    return Candidates(rows, 1 / np.arange(1, len(rows) + 1))
