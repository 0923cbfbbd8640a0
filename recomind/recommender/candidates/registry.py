"""All sources by name, and the strategy each belongs to. The names appear in explanations and metrics."""

from collections.abc import Callable, Mapping
from typing import Final

from recomind.recommender.candidates import (
    ease,
    factors,
    followed,
    fresh,
    liked_together,
    similar_users,
    tags,
    trending,
    watched_next,
    watched_next_recent,
)
from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex

Source = Callable[[UserContext, VideoIndex], Candidates]

SOURCES: Final[Mapping[str, Source]] = {
    "trending": trending.propose,
    "tags": tags.propose,
    "liked_together": liked_together.propose,
    "watched_next": watched_next.propose,
    "next_lately": watched_next_recent.propose,
    "similar_users": similar_users.propose,
    "fresh": fresh.propose,
    "retrained": ease.propose,
    "factors": factors.propose,
    "followed": followed.propose,
}
"""Source to its function. Those before `factors` are features of the blend, in this order."""

STRATEGIES: Final[Mapping[str, tuple[str, ...]]] = {
    "content-based": ("tags", "followed"),
    "collaborative": ("liked_together", "watched_next", "next_lately", "similar_users", "retrained", "factors"),
    "popularity": ("trending", "fresh"),
    "hybrid": tuple(SOURCES),
}
"""Strategy to its sources."""
