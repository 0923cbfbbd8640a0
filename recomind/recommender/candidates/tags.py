"""Content-based: videos whose tags match those of videos the person liked."""

from typing import Final

import numpy as np

from recomind.recommender.candidates.tag_affinity import Tastes, tastes_of
from recomind.recommender.candidates.types import Candidates, Person, together
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile

FAVOURITES: Final = 3
"""How many of the strongest tags propose videos."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The most liked videos of the strongest tags, scored by the tags' weights."""
    weights = person.tastes.weights()
    favourites = np.argsort(-weights, kind="stable")[:FAVOURITES].tolist()
    lists = ((index.heads.of_tag(tag), weights[tag]) for tag in favourites if weights[tag] > 0)
    return together((rows, np.full(len(rows), weight)) for rows, weight in lists)


def top(profile: Profile, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """A person's top tags and their weights, the strongest first; only those liked."""
    return strongest(tastes_of(profile, index), index, n)


def strongest(tastes: Tastes, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """As `top`, where tastes are known."""
    weights = tastes.weights()
    names = list(index.tag_rows)
    order = np.argsort(-weights, kind="stable")[:n].tolist()
    return [(names[tag], float(weights[tag])) for tag in order if weights[tag] > 0]
