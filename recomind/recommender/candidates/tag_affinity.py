"""What a person's actions say of tags: weights that follow from the latest likes, views and skips.

A like counts 1, a view 0.3, a skip -0.3, halved for every `HALF_LIFE` further actions of its kind back.
"""

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import TAGS, Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import LIKES, REACTIONS, Profile

HALF_LIFE: Final = 16
WEIGHTS: Final = {"like": 1.0, "view": 0.3, "skip": -0.3}

_FADING: Final = 0.5 ** (np.arange(max(LIKES, REACTIONS)) / HALF_LIFE)


class Tastes(NamedTuple):
    """Weights of the index's tags, none below zero, each of shape (tags,)."""

    liked: Floats
    """By what was liked and watched."""
    skipped: Floats
    """By what was skipped."""

    def weights(self) -> Floats:
        """What speaks for each tag less what speaks against it, in [-1, 1]."""
        both = self.liked - self.skipped
        weights: Floats = both / float(np.abs(both).max(initial=1e-9))
        return weights

    def directions(self) -> "Tastes":
        """Both, each of length 1, or of zeros."""
        return Tastes(*(one / max(1e-9, sqrt(one @ one)) for one in self))


def tastes_of(profile: Profile, index: VideoIndex) -> Tastes:
    """What a person's actions say of the index's tags."""
    likes, reactions = profile.likes[::-1], profile.reactions[::-1]
    kinds = [*[WEIGHTS["like"]] * len(likes), *[WEIGHTS[reaction.action_type] for reaction in reactions]]
    weights = np.concatenate([_FADING[: len(likes)], _FADING[: len(reactions)]]) * np.array(kinds, float)
    acted_on = [*[liked.video_id for liked in likes], *[reaction.video_id for reaction in reactions]]
    rows = np.array([index.rows.get(video_id, -1) for video_id in acted_on], np.int64)
    carried = index.columns.tags.take(rows, axis=0)
    carried[rows < 0] = -1
    places = len(index.tag_rows) + 1  # the first for -1, that is none
    skipped = (weights < 0)[:, None] * places
    sums = np.bincount((carried + 1 + skipped).ravel(), np.repeat(np.abs(weights), TAGS), 2 * places)
    return Tastes(*sums.astype(float, copy=False).reshape(2, places)[:, 1:])  # numpy counts nothing in whole numbers
