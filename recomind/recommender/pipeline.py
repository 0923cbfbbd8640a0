"""The hybrid: ask every source, pool the candidates, score their features by the blend, and learn from each like."""

from collections.abc import Iterator
from math import inf
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.blend import model as blend
from recomind.recommender.blend.features import compute_features, feature_names
from recomind.recommender.blend.model import Context, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.tag_affinity import TagAffinity
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import pool_candidates
from recomind.recommender.slate import Pick, Slate
from recomind.state.profile import Profile

_SOURCES: Final = tuple(SOURCES)
FEATURE_NAMES: Final = feature_names(_SOURCES)
"""The features, in the order of their columns."""

EXPLORATION_PERIOD: Final = 10
"""One slate in this many, by the user's number of actions, has a fresh upload in the tenth place."""

EXPLORATION_CANDIDATES: Final = 10
"""It is chosen in turn from this many fresh uploads with the best scores."""

_PRIOR: Final = {
    "trending": 0.6,
    "tags": 0.3,
    "liked_together": 0.8,
    "watched_next": 0.4,
    "next_lately": 0.4,
    "similar_users": 0.3,
    "fresh": 0.1,
    "retrained": 0.8,
    "likes, 24 h": 0.2,
    "tags liked": 0.5,
}
PRIOR: Final[Floats] = np.array([_PRIOR.get(name, 0.0) for name in FEATURE_NAMES])
"""Weights of features before the first like, suitable for any audience and soon outweighed by what is learned."""


class Ranked(NamedTuple):
    """A user's candidates with what the blend needs to score them."""

    rows: Rows
    """Shape (candidates,)."""
    scores: Floats
    """Sources' scores in [0, 1], shape (sources, candidates)."""
    features: Floats
    """Shape (candidates, features)."""
    profile: Profile
    """The user's."""
    tag_affinity: TagAffinity
    """The user's."""
    now: float
    """Event time of the request, epoch seconds."""

    def position_of(self, row: int) -> int | None:
        """The position of a row of the index among the candidates; None if it is not one."""
        positions = np.flatnonzero(self.rows == row)
        return int(positions[0]) if len(positions) else None

    def blend_scores(self, weights: Weights) -> Floats:
        """The blend's scores, shape (candidates,)."""
        return blend.score(weights, PRIOR, self.features, context_of(self.profile, self.now))


def context_of(profile: Profile, now: float) -> Context:
    """The blend's context features of a user at a time."""
    idle_s = max(0.0, now - profile.last_at) if profile.last_at else inf
    return Context(len(profile.likes), profile.like_count, idle_s)


def rank(profile: Profile, index: VideoIndex, now: float) -> Ranked:
    """The candidates for a user as of `now`, without videos that the user has acted on."""
    user = user_context_of(profile, index, now)
    rows, scores = pool_candidates(index, [propose(user, index) for propose in SOURCES.values()], profile.seen)
    features = compute_features(index, rows, scores, user.tag_affinity.normalized(), now)
    return Ranked(rows, scores, features, profile, user.tag_affinity, now)


def slate_of(ranked: Ranked, index: VideoIndex, weights: Weights, n: int, caps: Caps | None = None) -> Slate:
    """The slate of `n` candidates by the blend's score, diversified by `caps` (None for the default caps)."""
    scores = ranked.blend_scores(weights)
    order = np.lexsort((ranked.rows, -scores))
    first = diversify(index, ranked.rows[order[: 3 * n]], caps or Caps(), n)
    shown = _explore(first, ranked.rows[order], index, ranked.profile)
    return Slate(tuple(_picks(index, ranked, scores, shown)), ranked.now, weights.version)


def learn(weights: Weights, ranked: Ranked, index: VideoIndex, video_id: str) -> Weights:
    """The weights after a first like of `video_id`, by a user whose candidates were `ranked` before it.

    Nothing is learned from a video that no source proposed: no weights would have shown it.
    """
    position = ranked.position_of(index.rows.get(video_id, -1))
    if position is None:
        return weights
    return blend.learn(weights, PRIOR, ranked.features, position, context_of(ranked.profile, ranked.now))


def _explore(first: list[int], by_score: Rows, index: VideoIndex, profile: Profile) -> list[int]:
    """Put a fresh upload in the tenth place now and then. The user's number of actions decides when, and which one."""
    actions = profile.like_count + profile.view_count + profile.skip_count
    if actions % EXPLORATION_PERIOD != EXPLORATION_PERIOD - 1 or len(first) < 10:
        return first
    is_fresh = np.isin(by_score, index.top_lists.fresh()) & ~np.isin(by_score, first[:9])
    fresh = by_score[is_fresh][:EXPLORATION_CANDIDATES].tolist()
    chosen = fresh[actions // EXPLORATION_PERIOD % len(fresh)] if fresh else first[9]
    return [*first[:9], chosen, *(row for row in first[9:] if row != chosen)][: len(first)]


def _picks(index: VideoIndex, ranked: Ranked, scores: Floats, shown: list[int]) -> Iterator[Pick]:
    position_of = index.columns.scratch_index
    position_of[ranked.rows] = np.arange(len(ranked.rows))
    positions = position_of[shown]
    shares, by_source = ranked.scores[:, positions].T.round(4), [dict[str, float]() for _ in shown]
    nonzero = np.nonzero(shares)
    for pick, source, share in zip(*(part.tolist() for part in (*nonzero, shares[nonzero])), strict=True):
        by_source[pick][_SOURCES[source]] = share
    for row, score, sources in zip(shown, scores[positions].tolist(), by_source, strict=True):
        yield Pick(index.ids[row], score, sources)
