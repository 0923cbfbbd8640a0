"""All sources by name, and the strategy each belongs to: names seen in explanations and metrics."""

from collections.abc import Callable, Mapping
from typing import Final

from recomind.candidates import (
    fresh,
    liked_together,
    next_lately,
    retrained,
    similar_users,
    tags,
    trending,
    watched_next,
)
from recomind.candidates.found import Candidates, Person
from recomind.ranking.index import VideoIndex

Source = Callable[[Person, VideoIndex], Candidates]

SOURCES: Final[Mapping[str, Source]] = {
    "trending": trending.propose,
    "tags": tags.propose,
    "liked_together": liked_together.propose,
    "watched_next": watched_next.propose,
    "next_lately": next_lately.propose,
    "similar_users": similar_users.propose,
    "fresh": fresh.propose,
    "retrained": retrained.propose,
}

STRATEGIES: Final[Mapping[str, tuple[str, ...]]] = {
    "content-based": ("tags",),
    "collaborative": ("liked_together", "watched_next", "next_lately", "similar_users", "retrained"),
    "popularity": ("trending", "fresh"),
    "hybrid": tuple(SOURCES),
}
"""Which sources make up a strategy."""
