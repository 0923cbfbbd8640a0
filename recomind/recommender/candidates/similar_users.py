"""Collaborative: recent likes of users who recently liked the same videos."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.columns import Floats, Rows, distinct
from recomind.recommender.index.video_index import VideoIndex

MAX_SEEDS: Final = 10
"""Similar users are searched among the likers of this many of the user's latest positives."""

MAX_SIMILAR_USERS: Final = 20
"""How many similar users count."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The latest likes of similar users, each weighted by the similarity of its user."""
    users, similarities = _similar(user.positives, index, MAX_SIMILAR_USERS)
    likes = index.user_likes.likes[users]
    filled = likes >= 0
    return Candidates(likes[filled], np.repeat(similarities, filled.sum(axis=1)))


def similar(user: UserContext, index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """(user id, similarity) of users with the same recent likes, most similar first; without `user_id`, the user."""
    return similar_to(user.positives, index, user_id)


def similar_to(positives: Sequence[int], index: VideoIndex, user_id: str = "") -> list[tuple[str, float]]:
    """As `similar`, for a user with positives in these rows, latest first."""
    users, similarities = _similar(positives, index, MAX_SIMILAR_USERS + 1)
    named = zip(map(index.user_likes.ids.__getitem__, users.tolist()), similarities.tolist(), strict=True)
    return [(name, similarity) for name, similarity in named if name not in ("", user_id)][:MAX_SIMILAR_USERS]


def _similar(positives: Sequence[int], index: VideoIndex, n: int) -> tuple[Rows, Floats]:
    """Rows of users and the sum of 1/log(2 + likes) over shared videos, largest first; ties go to the latest like.

    Adamic and Adar, "Friends and neighbors on the Web", 2003.
    """
    seeds, columns = list(positives[:MAX_SEEDS])[::-1], index.columns
    likers = columns.likers[seeds]
    filled = likers >= 0
    users, inverse = distinct(likers[filled], index.user_likes.scratch_index)
    weights = np.repeat(1 / np.log(2 + columns.likes[seeds]), filled.sum(axis=1))
    sums = np.bincount(inverse, weights, len(users))[::-1].astype(float, copy=False)
    best = np.argsort(-sums, kind="stable")[:n]
    return users[::-1][best], sums[best]
