"""What the user follows: the latest videos of followed creators, and the most liked ones of followed tags."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.types import NO_CANDIDATES, Candidates, UserContext, concatenate
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

MAX_OF_CREATORS: Final = 100
"""Most videos of followed creators that are proposed."""

TAG_SCORE: Final = 0.5
"""Of a video by its followed tag; the latest video of a followed creator has 1."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """Nothing for a user who follows nothing."""
    if user.follows is None:
        return NO_CANDIDATES
    tags = (index.top_lists.of_tag(tag) for tag in user.follows.tag_numbers(index).tolist())
    return concatenate(
        [
            _of_creators(user.follows.creator_numbers(index), index),
            *((rows, np.full(len(rows), TAG_SCORE)) for rows in tags),
        ]
    )


def _of_creators(creators: Rows, index: VideoIndex) -> tuple[Rows, Floats]:
    """The latest listed videos of creators; score 1/rank."""
    columns, size = index.columns, index.size
    rows = np.flatnonzero(np.isin(columns.creator[:size], creators) & columns.listed[:size])
    rows = rows[np.lexsort((rows, -columns.created_at[rows]))][:MAX_OF_CREATORS]
    return rows, 1 / np.arange(1, len(rows) + 1)
