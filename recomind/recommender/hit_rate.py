"""Prequential hit rate: was a video among the first ten just before it was liked, for the hybrid and for each source?

Test, then train: each like first scores the ranking that then learns from it, so quality is measured live without a
held-out set.
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
"""A like is a hit if its video is among this many first ones."""

DECAY_PER_LIKE: Final = 0.998
"""Weight of the earlier likes after each further one: a half-life of about 350 likes."""


class HitCounts(msgspec.Struct, frozen=True):
    """Decayed counts of likes and of hits among them."""

    likes: float = 0.0
    hits: float = 0.0

    @property
    def hit_rate(self) -> float:
        """Share of likes whose video was among the first `CUTOFF`."""
        return self.hits / self.likes if self.likes else 0.0


def hits_by_source(ranked: Ranked, index: VideoIndex, weights: Weights, video_id: str) -> dict[str, bool]:
    """Whether a video is in the hybrid's slate of ten, and among the ten best candidates of each source alone.

    Args:
        ranked: the user's candidates before the like.
        index: the index that their rows belong to.
        weights: the blend's weights before the like.
        video_id: the liked video.

    Returns:
        By name of the source, and `HYBRID`; empty for a video that the user has seen, which no slate shows again.
    """
    if has_seen(ranked.profile, video_id):
        return {}
    position = ranked.position_of(index.rows.get(video_id, -1))
    if position is None:
        return dict.fromkeys((HYBRID, *SOURCES), False)
    slate = slate_of(ranked, index, weights, CUTOFF)
    alone = {name: midrank(scores, position) <= CUTOFF for name, scores in zip(SOURCES, ranked.scores, strict=True)}
    return {HYBRID: any(pick.video_id == video_id for pick in slate.picks), **alone}


def midrank(scores: Floats, position: int) -> float:
    """The rank of a candidate by a source's scores: 1 for the best, a tie's mean rank, infinity without a score."""
    if scores[position] <= 0:
        return inf
    better, equal = np.count_nonzero(scores > scores[position]), np.count_nonzero(scores == scores[position])
    return float(1 + better + (equal - 1) / 2)


def add_like(counts: Mapping[str, HitCounts], hits: Mapping[str, bool]) -> dict[str, HitCounts]:
    """The counts by source after one more like, with `hits` by source."""
    return dict(counts) | {name: _after(counts.get(name, HitCounts()), hit) for name, hit in hits.items()}


def total(parts: Iterable[HitCounts]) -> HitCounts:
    """The sum of several workers' counts."""
    parts = list(parts)
    return HitCounts(sum(part.likes for part in parts), sum(part.hits for part in parts))


def _after(counts: HitCounts, hit: bool) -> HitCounts:
    return HitCounts(counts.likes * DECAY_PER_LIKE + 1, counts.hits * DECAY_PER_LIKE + hit)
