"""How much better videos do in a local context, in log odds: the mean of the effects of their tags.

What is expected of a place follows from the user's taste, the video and its tags, by the factor model. So it does not
matter who comes at an hour, or that mostly videos are shown which suit them: the same videos have to do better there.
The effects are fitted in `index.local_effects`.
"""

from typing import Final

import numpy as np

from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

LOCAL_NAMES: Final = ("tags in the country", "tags at the hour", "tags in the country at the hour")
"""The features, in their order."""


def local_rates(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """The features of videos in a local context, shape (rows, features)."""
    by_tag = index.local.effects.of(local, len(index.tag_names))
    return np.stack([_mean_of_tags(index, rows, one) for one in by_tag], axis=1)


def local_log_odds(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """How much better videos do in a local context, in log odds, shape (rows,)."""
    return _mean_of_tags(index, rows, index.local.effects.of(local, len(index.tag_names)).sum(axis=0))


def _mean_of_tags(index: VideoIndex, rows: Rows | slice, by_tag: Floats) -> Floats:
    """The mean over the tags of videos, shape (rows,); by_tag of shape (tags + 1,), with 0 at its end."""
    tags = index.columns.tags[rows]
    mean: Floats = by_tag[tags].sum(axis=1) / np.maximum(1, (tags >= 0).sum(axis=1))
    return mean
