"""Test, then learn: was a video that is now liked among the first ten just before, for the hybrid and each source?

Each like scores the ranking that it is about to teach, so quality is measured live, on no other data than the log.
"""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Final

import msgspec
import numpy as np

from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import Ranked, slate_of
from recomind.state.profile import has_seen

HYBRID: Final = "hybrid"

CUTOFF: Final = 10
"""How many of the first count."""

MEMORY: Final = 0.998
"""What an earlier like counts after each further one: half after about 350."""


class Quality(msgspec.Struct, frozen=True):
    """Likes, and how many of them were hits: sums in which the latest count most."""

    likes: float = 0.0
    hits: float = 0.0

    @property
    def hit_rate(self) -> float:
        """Share of likes whose video was among the first ten."""
        return self.hits / self.likes if self.likes else 0.0


def hits(ranked: Ranked, index: VideoIndex, weights: Weights, video_id: str) -> dict[str, bool]:
    """Whether a video is in the hybrid's list of ten, and among the ten that each source alone puts first.

    Args:
        ranked: the person's candidates before the like.
        index: where their rows are of.
        weights: of the blend before the like.
        video_id: what was liked.

    Returns:
        By name; nothing for a video that the person is known to have acted on: no ranking shows it again.
    """
    if has_seen(ranked.profile, video_id):
        return {}
    at = ranked.place_of(index.rows.get(video_id, -1))
    if at is None:
        return dict.fromkeys((HYBRID, *SOURCES), False)
    listed = slate_of(ranked, index, weights, CUTOFF)
    alone = {name: place(scores, at) <= CUTOFF for name, scores in zip(SOURCES, ranked.scores, strict=True)}
    return {HYBRID: any(pick.video_id == video_id for pick in listed.picks), **alone}


def place(scores: Floats, at: int) -> float:
    """Where a candidate stands by a source's scores: 1 for the best, ties count half; infinity if it has none."""
    if scores[at] <= 0:
        return inf
    better, equal = np.count_nonzero(scores > scores[at]), np.count_nonzero(scores == scores[at])
    return float(1 + better + (equal - 1) / 2)


def learn(known: Mapping[str, Quality], found: Mapping[str, bool]) -> dict[str, Quality]:
    """The qualities after one more like."""
    return dict(known) | {name: _after(known.get(name, Quality()), hit) for name, hit in found.items()}


def total(parts: Iterable[Quality]) -> Quality:
    """Several workers' qualities as one."""
    parts = list(parts)
    return Quality(sum(part.likes for part in parts), sum(part.hits for part in parts))


def _after(known: Quality, hit: bool) -> Quality:
    return Quality(known.likes * MEMORY + 1, known.hits * MEMORY + hit)
