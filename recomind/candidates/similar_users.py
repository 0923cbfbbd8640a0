"""Collaborative: what people who like the same have liked lately."""

from collections import defaultdict

import numpy as np

from recomind.candidates.found import NONE, Candidates, best
from recomind.ranking.index import VideoIndex
from recomind.state.profile import Profile

SEEDS = 10
"""How many of the latest likes are asked for their likers."""

PEOPLE = 20
"""How many similar people count."""


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """The latest likes of similar people, each weighted by its person's similarity."""
    del now
    people = [(index.likes_of[user], score) for user, score in similar(profile, index) if user in index.likes_of]
    if not people:
        return NONE
    rows = np.concatenate([rows for rows, _ in people])
    return best(rows, np.concatenate([np.full(len(rows), score) for rows, score in people]))


def similar(profile: Profile, index: VideoIndex, user_id: str | None = None) -> list[tuple[str, float]]:
    """People who lately liked what this person liked, most similar first: sum of 1/log(2 + likes) over shared videos.

    The person asked about (`user_id`) is left out; Adamic and Adar, "Friends and neighbors on the Web", 2003.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    for liked in profile.likes[-SEEDS:]:
        row = index.rows.get(liked.video_id, -1)
        for liker in index.likers.get(row, ()):
            scores[liker.user_id] += 1 / np.log(2 + index.norms[row])
    scores.pop(user_id or "", None)
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))[:PEOPLE]
