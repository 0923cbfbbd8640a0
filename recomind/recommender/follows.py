"""Creators and tags that a user follows: their videos are proposed, and score more."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from recomind.model.text import tag_key
from recomind.model.users import UserMetadata
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

CREATOR_LOG_ODDS: Final = 1.5
"""Added to the score of a video of a followed creator."""

TAG_LOG_ODDS: Final = 1.0
"""Added to the score of a video with a followed tag."""


class Follows(NamedTuple):
    """What a user follows."""

    creators: tuple[str, ...]
    """Creator ids."""
    tags: tuple[str, ...]
    """Keys of tags, see `recomind.model.text.tag_key`."""

    def creator_numbers(self, index: VideoIndex) -> Rows:
        """The numbers of those creators that the index knows."""
        return _known_numbers(index.creator_rows, self.creators)

    def tag_numbers(self, index: VideoIndex) -> Rows:
        """The numbers of those tags that the index knows."""
        return _known_numbers(index.tag_rows, self.tags)


def follows_of(metadata: UserMetadata) -> Follows | None:
    """What a user's metadata says; None for nothing."""
    if not (metadata.followed_creators or metadata.followed_tags):
        return None
    return Follows(metadata.followed_creators, tuple(map(tag_key, metadata.followed_tags)))


def follow_gain(follows: Follows, index: VideoIndex, rows: Rows) -> Floats:
    """What is added to the scores of videos, shape (rows,)."""
    by_creator = np.isin(index.columns.creator[rows], follows.creator_numbers(index))
    by_tag = np.isin(index.columns.tags[rows], follows.tag_numbers(index)).any(axis=1)
    gain: Floats = CREATOR_LOG_ODDS * by_creator + TAG_LOG_ODDS * by_tag
    return gain


def _known_numbers(numbers: Mapping[str, int], names: Iterable[str]) -> Rows:
    return np.array([numbers[name] for name in names if name in numbers], np.int64)
