"""How much better videos do in a local context, in log odds: the mean of the effects of their tags.

What is expected of a place follows from the user's taste, the video and its tags, by the factor model. So it does not
matter who comes at an hour, or that mostly videos are shown which suit them: the same videos have to do better there.
The effects are fitted in `index.local_effects`.
"""

from typing import Final

from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

LOCAL_NAMES: Final = ("tags in the country", "tags at the hour", "tags in the country at the hour")
"""The features, in their order."""


def local_rates(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """The features of videos in a local context, shape (rows, features)."""
    by_tag = index.local.effects.of(local, len(index.tag_names))
    return index.columns.mean_over_tags(by_tag, rows).T


def local_log_odds(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """How much better videos do in a local context, in log odds, shape (rows,)."""
    by_tag = index.local.effects.of(local, len(index.tag_names))
    return index.columns.mean_over_tags(by_tag.sum(axis=0), rows)
