"""The hybrid: ask every source, pool, weigh the features by the learned blend; and learn from each like."""

from collections.abc import Iterator
from math import inf
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.blend import model as blend
from recomind.recommender.blend.features import features, names
from recomind.recommender.blend.model import Situation, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.tag_affinity import Tastes
from recomind.recommender.candidates.types import person_of
from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import gather
from recomind.recommender.slate import Pick, Slate
from recomind.state.profile import Profile

_SOURCES: Final = tuple(SOURCES)
NAMES: Final = names(_SOURCES)
"""The features, in the order of their columns."""

EXPLORE: Final = 10
"""One slate in so many shows a fresh upload in its tenth place."""

HOPEFUL: Final = 10
"""Among so many fresh uploads, those that score best, the one to show is chosen in turn."""

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
PRIOR: Final[Floats] = np.array([_PRIOR.get(name, 0.0) for name in NAMES])
"""Weights before the first like: sensible for any audience, and soon overruled."""


class Ranked(NamedTuple):
    """Candidates with what the blend weighs."""

    rows: Rows
    scores: Floats
    """Shape (sources, candidates), in [0, 1]."""
    features: Floats
    """Shape (candidates, features)."""
    profile: Profile
    """Whose candidates they are."""
    tastes: Tastes
    """What the person's actions say of tags."""
    now: float
    """As of when, epoch seconds."""

    def place_of(self, row: int) -> int | None:
        """Where a row of the index stands among the candidates; None for one that is none of them."""
        where = np.flatnonzero(self.rows == row)
        return int(where[0]) if len(where) else None

    def scores_by(self, weights: Weights) -> Floats:
        """The blend's scores, shape (candidates,)."""
        return blend.score(weights, PRIOR, self.features, situation(self.profile, self.now))


def situation(profile: Profile, now: float) -> Situation:
    """What the blend is told of a person and a moment."""
    idle = max(0.0, now - profile.last_at) if profile.last_at else inf
    return Situation(len(profile.likes), profile.like_count, idle)


def rank(profile: Profile, index: VideoIndex, now: float) -> Ranked:
    """The candidates for a person as of `now`, none of which the person has acted on."""
    person = person_of(profile, index, now)
    rows, scores = gather(index, [propose(person, index) for propose in SOURCES.values()], profile.seen)
    weighed = features(index, rows, scores, person.tastes.directions(), now)
    return Ranked(rows, scores, weighed, profile, person.tastes, now)


def slate_of(ranked: Ranked, index: VideoIndex, weights: Weights, n: int, caps: Caps | None = None) -> Slate:
    """The slate of candidates: by the blend's score, diversified by `caps` (None for the usual ones)."""
    total = ranked.scores_by(weights)
    order = np.lexsort((ranked.rows, -total))
    first = diversify(index, ranked.rows[order[: 3 * n]], caps or Caps(), n)
    shown = _explore(first, ranked.rows[order], index, ranked.profile)
    return Slate(tuple(_picks(index, ranked, total, shown)), ranked.now, weights.version)


def learn(weights: Weights, ranked: Ranked, index: VideoIndex, liked: str) -> Weights:
    """The weights after a first like of the video `liked`, by a person whose candidates were `ranked` before it.

    Nothing is learned from a video that no source proposed: no weights would have shown it.
    """
    at = ranked.place_of(index.rows.get(liked, -1))
    if at is None:
        return weights
    return blend.learn(weights, PRIOR, ranked.features, at, situation(ranked.profile, ranked.now))


def _explore(first: list[int], by_score: Rows, index: VideoIndex, profile: Profile) -> list[int]:
    """Now and then a fresh upload in the tenth place, one of the `HOPEFUL` best; the person's actions say when."""
    actions = profile.like_count + profile.view_count + profile.skip_count
    if actions % EXPLORE != EXPLORE - 1 or len(first) < 10:
        return first
    fresh = by_score[np.isin(by_score, index.heads.fresh()) & ~np.isin(by_score, first[:9])][:HOPEFUL].tolist()
    chosen = fresh[actions // EXPLORE % len(fresh)] if fresh else first[9]
    return [*first[:9], chosen, *(row for row in first[9:] if row != chosen)][: len(first)]


def _picks(index: VideoIndex, ranked: Ranked, total: Floats, shown: list[int]) -> Iterator[Pick]:
    slot = index.columns.slot
    slot[ranked.rows] = np.arange(len(ranked.rows))
    places = slot[shown]
    shares, by_source = ranked.scores[:, places].T.round(4), [dict[str, float]() for _ in shown]
    found = np.nonzero(shares)
    for pick, source, share in zip(*(part.tolist() for part in (*found, shares[found])), strict=True):
        by_source[pick][_SOURCES[source]] = share
    for row, score, sources in zip(shown, total[places].tolist(), by_source, strict=True):
        yield Pick(index.ids[row], score, sources)
