"""The hybrid: ask every source, pool, weigh the features by the learned blend; and learn from each like."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from recomind.candidates import tags
from recomind.candidates.found import person_of
from recomind.candidates.sources import SOURCES
from recomind.ranking import blend
from recomind.ranking.blend import Weights
from recomind.ranking.diversify import Caps, diversify
from recomind.ranking.features import features, names
from recomind.ranking.index import Floats, Rows, VideoIndex
from recomind.ranking.pool import gather
from recomind.ranking.slate import Pick, Slate
from recomind.state.profile import Profile

NAMES: Final = names(tuple(SOURCES))
"""The features, in the order of their columns."""

EXPLORE: Final = 10
"""One slate in so many shows a fresh upload in its tenth place."""

_PRIOR: Final = {
    "trending": 0.6,
    "tags": 0.3,
    "liked_together": 0.8,
    "watched_next": 0.8,
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
    now: float
    """As of when, epoch seconds."""


def rank(profile: Profile, index: VideoIndex, now: float) -> Ranked:
    """The candidates for a person as of `now`, none of which the person has acted on."""
    person = person_of(profile, index)
    rows, scores = gather(index, [propose(person, index) for propose in SOURCES.values()], profile.seen)
    weights = tags.match_weights(profile, index)
    return Ranked(rows, scores, features(index, rows, scores, weights, now), profile, now)


def recommend(profile: Profile, index: VideoIndex, weights: Weights, now: float, n: int) -> Slate:
    """The `n` best videos for a person.

    Args:
        profile: the person; an empty one for somebody new.
        index: the read model.
        weights: of the blend.
        now: event time, epoch seconds.
        n: most videos in the slate.
    """
    return slate_of(rank(profile, index, now), index, weights, n)


def slate_of(ranked: Ranked, index: VideoIndex, weights: Weights, n: int, caps: Caps | None = None) -> Slate:
    """The slate of candidates: by the blend's score, diversified by `caps` (None for the usual ones)."""
    total = blend.score(weights, PRIOR, ranked.features, len(ranked.profile.likes))
    order = np.lexsort((ranked.rows, -total))
    first = diversify(index, ranked.rows[order[: 3 * n]], caps or Caps(), n)
    shown = _explore(first, index, ranked.profile)
    return Slate(tuple(_picks(index, ranked, total, shown)), ranked.now, weights.version)


def learn(weights: Weights, ranked: Ranked, index: VideoIndex, liked: str) -> Weights:
    """The weights after a first like of the video `liked`, by a person whose candidates were `ranked` before it.

    Nothing is learned from a video that no source proposed: no weights would have shown it.
    """
    where = np.flatnonzero(ranked.rows == index.rows.get(liked, -1))
    if not len(where):
        return weights
    return blend.learn(weights, PRIOR, ranked.features, int(where[0]), len(ranked.profile.likes))


def _explore(first: list[int], index: VideoIndex, profile: Profile) -> list[int]:
    """Now and then a fresh upload in the tenth place; which slates follows from the person's actions."""
    actions = profile.like_count + profile.view_count + profile.skip_count
    if actions % EXPLORE != EXPLORE - 1 or len(first) < 10:
        return first
    fresh = [row for row in index.heads.fresh().tolist() if row not in first[:9]]
    chosen = fresh[actions // EXPLORE % len(fresh)] if fresh else first[9]
    return [*first[:9], chosen, *(row for row in first[9:] if row != chosen)][: len(first)]


def _picks(index: VideoIndex, ranked: Ranked, total: Floats, shown: list[int]) -> Iterator[Pick]:
    place = {row: at for at, row in enumerate(ranked.rows.tolist())}
    places = [place[row] for row in shown if row in place]
    shares = ranked.scores[:, places].T.round(4).tolist()
    for at, score, by_source in zip(places, total[places].tolist(), shares, strict=True):
        sources = {name: share for name, share in zip(SOURCES, by_source, strict=True) if share}
        yield Pick(index.ids[ranked.rows[at]], score, sources)
