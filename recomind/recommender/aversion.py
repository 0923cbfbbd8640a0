"""How far a user's negative feedback lowers the scores of other videos of the same creator, and with the same tags.

The video itself is in no list of the user, as any other that they have acted on. Feedback counts by the weight of its
type, if that is below 0, and half as much after `HALF_LIFE_ACTIONS` later feedback.
"""

from typing import Final

import numpy as np

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile

HALF_LIFE_ACTIONS: Final = 16

CREATOR_LOG_ODDS: Final = 1.5
"""Taken off the score of a video of the same creator, for feedback of weight -1."""

TAGS_LOG_ODDS: Final = 0.75
"""The same for a video with all tags of the other one; less with fewer of them."""


def aversion(profile: Profile, index: VideoIndex, rows: Rows) -> Floats:
    """What is taken off the scores of videos, shape (rows,)."""
    found, columns = np.zeros(len(rows)), index.columns
    for age, feedback in enumerate(reversed(profile.feedback)):
        weight = index.action_weights.of(FEEDBACK_TYPES[feedback.code])
        row = index.rows.get(feedback.video_id, -1)
        if weight >= 0 or row < 0:
            continue
        strength = -weight * 0.5 ** (age / HALF_LIFE_ACTIONS)
        creator, tags = columns.creator[row], columns.tags[row]
        tags = tags[tags >= 0]
        if creator >= 0:
            found += strength * CREATOR_LOG_ODDS * (columns.creator[rows] == creator)
        if len(tags):
            shared = np.isin(columns.tags[rows], tags).sum(axis=1) / len(tags)
            found += strength * TAGS_LOG_ODDS * np.minimum(1.0, shared)
    return found
