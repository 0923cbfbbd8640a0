"""A user's tag affinity: weights of tags, derived from the latest likes, views and skips, and other feedback.

Each counts by the weight of its type (see `recomind.model.action_weights`), and a view or a skip by how long it lasted,
where that is known; halved with every `HALF_LIFE_ACTIONS` later actions of its kind.
"""

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.recommender.index.columns import TAGS_PER_VIDEO, Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_LIKES, MAX_REACTIONS, Feedback, Like, Reaction

HALF_LIFE_ACTIONS: Final = 16
_DECAY: Final = 0.5 ** (np.arange(max(MAX_LIKES, MAX_REACTIONS)) / HALF_LIFE_ACTIONS)
"""By how many actions of the same kind came later."""


class TagAffinity(NamedTuple):
    """Non-negative weights of the index's tags, each of shape (tags,)."""

    liked: Floats
    """From liked and watched videos."""
    skipped: Floats
    """From skipped videos."""

    def weights(self) -> Floats:
        """Liked less skipped, scaled to [-1, 1]."""
        difference = self.liked - self.skipped
        weights: Floats = difference / float(np.abs(difference).max(initial=1e-9))
        return weights

    def normalized(self) -> "TagAffinity":
        """Both, each of length 1; zeros stay zeros."""
        return TagAffinity(*(one / max(1e-9, sqrt(one @ one)) for one in self))


def tag_affinity_of(profile: Profile, index: VideoIndex) -> TagAffinity:
    """A user's affinity to each of the index's tags."""
    likes, reactions, feedback = profile.likes[::-1], profile.reactions[::-1], profile.feedback[::-1]
    weight_of = index.action_weights.of
    kinds = [
        *[index.action_weights.like] * len(likes),
        *[_weight_of_reaction(reaction, index) for reaction in reactions],
        *[weight_of(FEEDBACK_TYPES[one.code]) for one in feedback],
    ]
    decay = np.concatenate([_DECAY[: len(some)] for some in (likes, reactions, feedback)])
    weights = decay * np.array(kinds, float)
    entries: tuple[Like | Reaction | Feedback, ...] = (*likes, *reactions, *feedback)
    acted_on = [entry.video_id for entry in entries]
    rows = np.array([index.rows.get(video_id, -1) for video_id in acted_on], np.int64)
    tags = index.columns.tags.take(rows, axis=0)
    tags[rows < 0] = -1
    bins = len(index.tag_rows) + 1  # bin 0 is for -1, no tag
    skipped = (weights < 0)[:, None] * bins
    sums = np.bincount((tags + 1 + skipped).ravel(), np.repeat(np.abs(weights), TAGS_PER_VIDEO), 2 * bins)
    return TagAffinity(*sums.astype(float, copy=False).reshape(2, bins)[:, 1:])  # bincount of nothing returns ints


def _weight_of_reaction(reaction: Reaction, index: VideoIndex) -> float:
    """The weight of a view or a skip: where its watch time is known, between both by its quantile."""
    weights = index.action_weights
    if reaction.watched is None or not weights.watch:
        return weights.of(reaction.action_type)
    quantile = index.watch_times.quantile_of(index.rows.get(reaction.video_id, -1), reaction.watched)
    return weights.skip + (weights.view - weights.skip) * quantile
