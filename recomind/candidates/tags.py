"""Content-based: videos whose tags match those of videos the person liked.

Weights follow from the latest actions: a like counts 1, a view 0.3, a skip -0.3, halved for every `HALF_LIFE`
further actions of its kind back.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from recomind.candidates.found import Candidates, Person, together
from recomind.ranking.index import Floats, Rows, VideoIndex
from recomind.state.profile import Profile

HALF_LIFE: Final = 16
WEIGHTS: Final = {"like": 1.0, "view": 0.3, "skip": -0.3}

FAVOURITES: Final = 3
"""How many of the strongest tags propose videos."""


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The most liked videos of the strongest tags, scored by the tags' weights."""
    weights = weigh(person.profile, index)
    strongest = np.argsort(-weights, kind="stable")[:FAVOURITES].tolist()
    lists = ((index.heads.of_tag(tag), weights[tag]) for tag in strongest if weights[tag] > 0)
    return together((rows, np.full(len(rows), weight)) for rows, weight in lists)


def weigh(profile: Profile, index: VideoIndex) -> Floats:
    """A weight for each tag of the index, in [-1, 1]: shape (tags,)."""
    weights = np.zeros(len(index.tag_rows))
    for tags, weight in _evidence(profile, index):
        weights[tags] += weight
    strongest = float(np.abs(weights).max(initial=1e-9))
    return weights / strongest


def match_weights(profile: Profile, index: VideoIndex) -> tuple[Floats, Floats]:
    """Weights of tags by likes and by skips, each of length 1: two arrays of shape (tags,)."""
    liked, skipped = np.zeros(len(index.tag_rows)), np.zeros(len(index.tag_rows))
    for tags, weight in _evidence(profile, index):
        target = liked if weight > 0 else skipped
        target[tags] += abs(weight)
    return liked / max(1e-9, float(np.linalg.norm(liked))), skipped / max(1e-9, float(np.linalg.norm(skipped)))


def top(profile: Profile, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """A person's top tags and their weights, the strongest first; only those liked."""
    weights = weigh(profile, index)
    names = list(index.tag_rows)
    order = np.argsort(-weights, kind="stable")[:n].tolist()
    return [(names[tag], float(weights[tag])) for tag in order if weights[tag] > 0]


def _evidence(profile: Profile, index: VideoIndex) -> Iterator[tuple[Rows, float]]:
    likes = [(liked.video_id, "like") for liked in profile.likes]
    reactions = [(reaction.video_id, reaction.action_type) for reaction in profile.reactions]
    for actions in (likes, reactions):
        for age, (video_id, kind) in enumerate(reversed(actions)):
            row = index.rows.get(video_id, -1)
            if row in index.tags:
                yield index.tags[row], WEIGHTS[kind] * 0.5 ** (age / HALF_LIFE)
