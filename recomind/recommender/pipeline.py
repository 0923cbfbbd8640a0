"""The hybrid: ask every source, pool the candidates, score their features by the blend, and learn from each like."""

from collections.abc import Callable, Iterator
from math import inf
from typing import Final, NamedTuple, cast

import numpy as np

from recomind.recommender import exploration as exploring
from recomind.recommender import place_sources, served
from recomind.recommender.aversion import aversion
from recomind.recommender.blend import model as blend
from recomind.recommender.blend.features import compute_features, feature_names
from recomind.recommender.blend.model import Context, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.tag_affinity import TagAffinity
from recomind.recommender.candidates.types import NO_CANDIDATES, user_context_of
from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.exploration import Explored, explore, seed_of
from recomind.recommender.extensions.participation import Participation, participation_of
from recomind.recommender.extensions.protocols import RankingRequest
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.factors.model import UserFactors
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.like_rates import LikeRates
from recomind.recommender.policy.arrange import RESERVE, Arranged, arrange, effects, permits, with_pins
from recomind.recommender.policy.eligibility import Eligibility
from recomind.recommender.policy.masks import Mask
from recomind.recommender.policy.policy import Policy
from recomind.recommender.pool import pool_candidates
from recomind.recommender.slate import Pick, Slate
from recomind.state.profile import Profile

_SOURCES: Final = tuple(SOURCES)
_BLENDED: Final = len(_SOURCES) - 1
"""Sources whose scores are features of the blend: all but the factor model, which is weighed against the blend."""

FEATURE_NAMES: Final = feature_names(_SOURCES[:_BLENDED])
"""The features, in the order of their columns."""

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


WATCH_GAIN: Final = 1.0
"""How much the watch times of a video count in its score, relative to the weight `watch` of actions."""


class Ranked(NamedTuple):
    """A user's candidates with what the blend needs to score them."""

    rows: Rows
    """Shape (candidates,)."""
    scores: Floats
    """Sources' scores in [0, 1], shape (sources, candidates), in the order of `source_names`."""
    features: Floats
    """Shape (candidates, features)."""
    profile: Profile
    """The user's."""
    tag_affinity: TagAffinity
    """The user's."""
    now: float
    """Event time of the request, epoch seconds."""
    user_factors: UserFactors
    """The user's, of the factor model."""
    factor_scores: Floats
    """Scores by the factor model, shape (candidates,)."""
    rates: Floats
    """Like rates, see `like_rates`; shape (candidates, rates)."""
    rates_of: Callable[[Rows], Floats]
    """The like rates of any rows."""
    adjustment: Floats
    """What is added to the scores, shape (candidates,): how well videos are watched, and the user's aversion."""
    policy: Policy | None = None
    """What the list may hold, and how rules arrange it."""
    filtered: Rows | None = None
    """How many proposed videos each rule filtered out, shape (rules,); None for none."""
    participation: Participation | None = None
    """What extensions and rankers have to do with the list; None for nothing."""

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources whose scores these are: the built-in ones, then others."""
        return _SOURCES if self.participation is None else (*_SOURCES, *self.participation.proposals)

    def position_of(self, row: int) -> int | None:
        """The position of a row of the index among the candidates; None if it is not one."""
        positions = np.flatnonzero(self.rows == row)
        return int(positions[0]) if len(positions) else None

    def blend_scores(self, weights: Weights) -> Floats:
        """The blend's scores, shape (candidates,)."""
        return blend.score(weights, PRIOR, self.features, context_of(self.profile, self.now))

    def final_scores(self, weights: Weights) -> Floats:
        """What orders the candidates, shape (candidates,): the blend's and the factor model's scores and like rates.

        How well videos are watched, and what the user's negative feedback takes off, are added.
        """
        return self.combine(self.blend_scores(weights), weights)

    def combine(self, blend_scores: Floats, weights: Weights) -> Floats:
        """As `final_scores`, for known scores of the blend."""
        scores = weights.outcomes.combine(blend_scores, self.factor_scores, self.rates) + self.adjustment
        if self.participation is not None:
            scores = self.participation.scores(self.request(self.participation, blend_scores, scores))
        return scores if self.policy is None else scores + self.policy.shift(self.rows)

    def request(self, part: Participation, choice: Floats, scores: Floats) -> RankingRequest:
        """What rankers and arrangers get."""
        sources = dict(zip(self.source_names, self.scores, strict=True))
        eligible = None if self.policy is None or self.policy.eligibility is None else self.policy.eligibility.of
        outcome = np.column_stack([choice - choice.sum() / max(1, len(choice)), self.factor_scores, self.rates])
        return RankingRequest(self.rows, self.features, FEATURE_NAMES, outcome, sources, scores, part.user, eligible)

    def positions_of(self, rows: Rows, index: VideoIndex) -> Rows:
        """The positions of rows among the candidates, 0 for rows that are none."""
        found = index.columns.scratch_index
        found[rows] = 0
        found[self.rows] = np.arange(len(self.rows))
        return found[rows]

    def shares_of(self, rows: Rows, index: VideoIndex) -> Floats:
        """The sources' scores of rows, shape (sources, rows); 0 for rows that are no candidates."""
        if not len(self.rows):
            return np.zeros((len(self.scores), len(rows)))
        positions = self.positions_of(rows, index)
        return np.where(self.rows[positions] == rows, self.scores[:, positions], 0.0)


def context_of(profile: Profile, now: float) -> Context:
    """The blend's context features of a user at a time."""
    idle_s = max(0.0, now - profile.last_at) if profile.last_at else inf
    return Context(len(profile.likes), profile.like_count, idle_s)


def rank(
    profile: Profile, index: VideoIndex, now: float, policy: Policy | None = None, extensions: Extensions = BUILT_IN
) -> Ranked:
    """The candidates for a user as of `now`, without videos that the user has acted on, or that `policy` excludes."""
    user = user_context_of(profile, index, now)
    participation, named = participation_of(extensions, user, index, policy), None if policy is None else policy.sources
    if participation is not None:
        policy, named = participation.restricted(policy), participation.sources
    eligibility = None if policy is None else policy.eligibility
    proposals = [
        propose(user, index) if named is None or name in named else NO_CANDIDATES for name, propose in SOURCES.items()
    ]
    proposals += () if participation is None else participation.proposals.values()
    asked: list[Rows] = []

    def eligible(some: Rows) -> Mask:
        asked.append(some)
        return cast("Eligibility", eligibility).of(some)

    rows, scores = pool_candidates(index, proposals, profile.seen, None if eligibility is None else eligible)
    filtered = eligibility.filtered_counts(asked[0]) if eligibility is not None else None
    features = compute_features(index, rows, scores[:_BLENDED], user.tag_affinity.normalized(), now)
    factor_scores = index.factors.scores(rows, user.factors).astype(float)
    rates = LikeRates(index, profile, user.factors)
    watch = WATCH_GAIN * index.action_weights.watch * index.watch_times.excess(rows)
    return Ranked(
        rows,
        scores,
        features,
        profile,
        user.tag_affinity,
        now,
        user.factors,
        factor_scores,
        rates.of(rows),
        rates.of,
        watch - aversion(profile, index, rows),
        policy,
        filtered,
        participation,
    )


def slate_of(
    ranked: Ranked,
    index: VideoIndex,
    weights: Weights,
    n: int,
    caps: Caps | None = None,
    *,
    exploration: float = exploring.EXPLORATION_SHARE,
    seed: int | None = None,
) -> Slate:
    """The slate of `n` candidates by their score, diversified, with drawn places for new uploads.

    Args:
        ranked: the user's candidates.
        index: the index that their rows belong to.
        weights: learned weights.
        n: places.
        caps: for diversity; None for the default caps.
        exploration: share of places that are drawn while there are new uploads.
        seed: of the draws; None for the one that follows from the user's actions.
    """
    choice = ranked.blend_scores(weights)
    scores = ranked.combine(choice, weights)
    order = _order(ranked, choice, scores, n)
    policy, drawn_by = ranked.policy, seed_of(ranked.profile) if seed is None else seed
    if policy is None:
        arranged = Arranged(diversify(index, ranked.rows[order[: RESERVE * n]], caps or Caps(), n))
    else:
        arranged = arrange(index, ranked.rows[order], scores[order], policy, ranked.profile.seen, n)
        exploration = exploration if policy.exploration is None else policy.exploration
    explored = explore(
        arranged.rows, ranked, index, seed=drawn_by, share=exploration, permits=permits(policy, arranged.pins)
    )
    explored = with_pins(_with_propensities(explored, ranked, index, choice), arranged.pins)
    positions, shares = ranked.positions_of(explored.rows, index), ranked.shares_of(explored.rows, index)
    of_places = scores[positions] if len(scores) else np.zeros(len(positions))
    picks = tuple(_picks(index, of_places, shares, explored, ranked.source_names))
    is_drawn = np.array([row in explored.drawn for row in explored.rows.tolist()], np.bool_)
    sources = place_sources.pack(shares[: len(SOURCES)], is_drawn)
    shown, acted = _shown(ranked, index, choice, explored, positions), effects(ranked, explored.rows, arranged)
    return Slate(picks, ranked.now, weights.version, shown, sources, acted)


def _order(ranked: Ranked, choice: Floats, scores: Floats, n: int) -> Rows:
    """The positions of candidates, best first."""
    order, part = np.lexsort((ranked.rows, -scores)), ranked.participation
    return order if part is None else part.order(ranked.request(part, choice, scores), order, scores, n, RESERVE * n)


def _with_propensities(explored: Explored, ranked: Ranked, index: VideoIndex, choice: Floats) -> Explored:
    """The slate with the propensities of a ranker that draws."""
    part = ranked.participation
    if part is None:
        return explored
    positions = ranked.positions_of(explored.rows, index)
    return part.with_propensities(explored, ranked.request(part, choice, choice), positions)


def learn(weights: Weights, ranked: Ranked, index: VideoIndex, video_id: str) -> Weights:
    """The weights after a first like of `video_id`, by a user whose candidates were `ranked` before it.

    Nothing is learned from a video that no source proposed: no weights would have shown it.
    """
    position = ranked.position_of(index.rows.get(video_id, -1))
    if position is None:
        return weights
    return blend.learn(weights, PRIOR, ranked.features, position, context_of(ranked.profile, ranked.now))


def _shown(ranked: Ranked, index: VideoIndex, choice: Floats, explored: Explored, positions: Rows) -> bytes:
    """The features of the slate's places, see `served`.

    Args:
        ranked: the candidates.
        index: the index that rows belong to.
        choice: the blend's scores of all candidates.
        explored: the places.
        positions: of the places among the candidates, as `Ranked.positions_of`.
    """
    if len(choice):
        of_places, factors = (choice - choice.mean())[positions], ranked.factor_scores[positions]
        rates = ranked.rates[positions]
        others = np.flatnonzero(ranked.rows[positions] != explored.rows)
    else:
        of_places, factors = np.zeros(len(explored.rows)), np.zeros(len(explored.rows))
        rates, others = np.zeros((len(explored.rows), ranked.rates.shape[1])), np.arange(len(explored.rows))
    if len(others):  # drawn videos that are no candidates
        rows, of_places[others] = explored.rows[others], 0.0
        factors[others] = index.factors.scores(rows, ranked.user_factors)
        rates[others] = ranked.rates_of(rows)
    return served.pack(explored.propensities, of_places, factors, index.factors.items(explored.rows), rates)


def _picks(
    index: VideoIndex, scores: Floats, shares: Floats, explored: Explored, names: tuple[str, ...]
) -> Iterator[Pick]:
    """The videos of places with their scores, shape (places,), and those of sources, shape (sources, places)."""
    rounded, by_source = shares.T.round(4), [dict[str, float]() for _ in explored.rows]
    nonzero = np.nonzero(rounded)
    for pick, source, share in zip(*(part.tolist() for part in (*nonzero, rounded[nonzero])), strict=True):
        by_source[pick][names[source]] = share
    for row, score, sources in zip(explored.rows.tolist(), scores.tolist(), by_source, strict=True):
        yield Pick(index.ids[row], score, {"fresh": 1.0} if row in explored.drawn else sources)
