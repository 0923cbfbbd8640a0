"""Content-based: videos with the tags that the user likes."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.tag_affinity import TagAffinity, tag_affinity_of
from recomind.recommender.candidates.types import Candidates, UserContext, concatenate
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile

TAGS_USED: Final = 3
"""How many of the user's strongest tags propose videos."""


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The most liked videos of the user's strongest tags, scored by the tags' weights."""
    weights = user.tag_affinity.weights()
    strongest = np.argsort(-weights, kind="stable")[:TAGS_USED].tolist()
    lists = ((index.top_lists.of_tag(tag), weights[tag]) for tag in strongest if weights[tag] > 0)
    return concatenate((rows, np.full(len(rows), weight)) for rows, weight in lists)


def top_tags(profile: Profile, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """A user's top tags with their weights, strongest first; only those with a positive weight."""
    return top_tags_by_affinity(tag_affinity_of(profile, index), index, n)


def top_tags_by_affinity(affinity: TagAffinity, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """As `top_tags`, for a known affinity."""
    weights = affinity.weights()
    names = index.tag_names
    order = np.argsort(-weights, kind="stable")[:n].tolist()
    return [(names[tag], float(weights[tag])) for tag in order if weights[tag] > 0]
