"""What a person's actions say of tags: weights that follow from the latest likes, views and skips.

A like counts 1, a view 0.3, a skip -0.3, halved for every `HALF_LIFE` further actions of its kind back.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.ranking.index import Floats, Rows, VideoIndex
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
        return Tastes(*(one / max(1e-9, float(np.linalg.norm(one))) for one in self))


def tastes_of(profile: Profile, index: VideoIndex) -> Tastes:
    """What a person's actions say of the index's tags."""
    likes, reactions = profile.likes[::-1], profile.reactions[::-1]
    kinds = [*[WEIGHTS["like"]] * len(likes), *[WEIGHTS[reaction[1]] for reaction in reactions]]
    weights = np.concatenate([_FADING[: len(likes)], _FADING[: len(reactions)]]) * np.array(kinds, float)
    acted_on = [*[liked[0] for liked in likes], *[reaction[0] for reaction in reactions]]
    rows = np.array([index.rows.get(video_id, -1) for video_id in acted_on], np.int64)
    carried = index.columns.tags[rows]
    carried[rows < 0] = -1
    tags = len(index.tag_rows)
    return Tastes(_sums(carried, np.maximum(weights, 0.0), tags), _sums(carried, np.maximum(-weights, 0.0), tags))


def _sums(carried: Rows, weights: Floats, tags: int) -> Floats:
    """The weights of the actions that carry each tag; -1 in `carried` is none."""
    sums = np.bincount(carried.ravel() + 1, np.repeat(weights, carried.shape[1]), tags + 1)[1:]
    return sums.astype(float, copy=False)  # numpy counts nothing in whole numbers
