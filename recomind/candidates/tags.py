"""Content-based: videos whose tags match those of videos the person liked.

Weights follow from the latest actions: a like counts 1, a view 0.3, a skip -0.3, halved for every `HALF_LIFE`
further actions of its kind back.
"""

from collections.abc import Iterator

import numpy as np

from recomind.candidates.found import LIMIT, Candidates
from recomind.ranking.index import Floats, Rows, VideoIndex
from recomind.state.profile import Profile

HALF_LIFE = 16
WEIGHTS = {"like": 1.0, "view": 0.3, "skip": -0.3}


def propose(profile: Profile, index: VideoIndex, now: float) -> Candidates:
    """The listed videos whose tags carry the largest mean weight, the more liked first among equals."""
    del now
    weights = weigh(profile, index)
    if not (weights > 0).any():
        return Candidates(np.empty(0, np.int32), np.empty(0))
    rows = np.fromiter(index.tags, np.int32)
    match = np.array([weights[index.tags[row]].sum() / (1 + len(index.tags[row])) for row in rows])
    order = np.lexsort((-index.liked[rows, -1], -match))[:LIMIT]
    order = order[match[order] > 0]
    return Candidates(rows[order], match[order])


def weigh(profile: Profile, index: VideoIndex) -> Floats:
    """A weight for each tag of the index, in [-1, 1]: shape (tags,)."""
    weights = np.zeros(len(index.tag_rows))
    for tags, weight in _evidence(profile, index):
        weights[tags] += weight
    strongest = float(np.abs(weights).max(initial=1e-9))
    return weights / strongest


def top(profile: Profile, index: VideoIndex, n: int = 10) -> list[tuple[str, float]]:
    """A person's top tags and their weights, the strongest first; only those liked."""
    weights = weigh(profile, index)
    names = sorted(index.tag_rows, key=lambda tag: (-weights[index.tag_rows[tag]], tag))
    return [(tag, float(weights[index.tag_rows[tag]])) for tag in names[:n] if weights[index.tag_rows[tag]] > 0]


def _evidence(profile: Profile, index: VideoIndex) -> Iterator[tuple[Rows, float]]:
    likes = [(liked.video_id, "like") for liked in profile.likes]
    reactions = [(reaction.video_id, reaction.action_type) for reaction in profile.reactions]
    for actions in (likes, reactions):
        for age, (video_id, kind) in enumerate(reversed(actions)):
            row = index.rows.get(video_id, -1)
            if row in index.tags:
                yield index.tags[row], WEIGHTS[kind] * 0.5 ** (age / HALF_LIFE)
