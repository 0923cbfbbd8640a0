"""The hybrid: ask every source, pool the candidates, score their features by the blend, and learn from each like."""

from collections.abc import Callable, Iterator
from typing import Final, cast

import numpy as np

from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.recommender import exploration as exploring
from recomind.recommender import place_sources, served
from recomind.recommender.aversion import aversion
from recomind.recommender.blend import model as blend
from recomind.recommender.blend.features import compute_features
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.types import NO_CANDIDATES, user_context_of
from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.exploration import Explored, explore, seed_of
from recomind.recommender.extensions.participation import participation_of
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.factors.model import UserFactors
from recomind.recommender.follows import follow_gain
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.like_rates import LikeRates
from recomind.recommender.local_rates import local_rates
from recomind.recommender.policy.arrange import RESERVE, Arranged, arrange, effects, permits
from recomind.recommender.policy.eligibility import Eligibility
from recomind.recommender.policy.masks import Mask
from recomind.recommender.policy.pins import with_pins
from recomind.recommender.policy.policy import Policy
from recomind.recommender.pool import pool_candidates
from recomind.recommender.ranked import BLENDED, PRIOR, Ranked, context_of
from recomind.recommender.slate import DRAWN_SOURCES, Pick, Slate
from recomind.state.profile import Profile

WATCH_GAIN: Final = 1.3
"""How much the watch times of a video count in its score, relative to the weight `watch` of actions."""


def rank(
    profile: Profile,
    index: VideoIndex,
    now: float,
    policy: Policy | None = None,
    extensions: Extensions = BUILT_IN,
    local: str = NO_LOCAL_CONTEXT,
) -> Ranked:
    """The candidates for a user, without videos that the user has acted on, or that `policy` excludes.

    Args:
        profile: the user's.
        index: what is known of videos.
        now: event time, epoch seconds; the user's latest action is never after it.
        policy: what the list may hold.
        extensions: sources, filters, rankers and arrangers beside the built-in ones.
        local: the local context of the request.
    """
    now = max(now, profile.last_at)  # a worker that has just started may not know the time of any other action
    follows = None if policy is None else policy.follows
    user = user_context_of(profile, index, now, local, follows)
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

    is_capped = named is None and policy is not None and policy.caps is not None and policy.caps.is_strict
    rows, scores = pool_candidates(
        index, proposals, profile.seen, None if eligibility is None else eligible, is_filled=is_capped
    )
    filtered_by = NO_ROWS if eligibility is None else eligibility.filtered_by(asked[0])
    features = compute_features(index, rows, scores[:BLENDED], user.tag_affinity.normalized(), now)
    factor_scores = index.factors.scores(rows, user.factors).astype(float)
    rates_of = _rates_of(index, profile, user.factors, local)
    adjustment = WATCH_GAIN * index.action_weights.watch * index.watch_times.excess(rows)
    adjustment -= aversion(profile, index, rows)
    if follows is not None:
        adjustment += follow_gain(follows, index, rows)
    return Ranked(
        rows,
        scores,
        features,
        profile,
        user.tag_affinity,
        now,
        user.factors,
        factor_scores,
        rates_of(rows),
        rates_of,
        adjustment,
        policy,
        filtered_by,
        participation,
        local,
        index.returned,
    )


def _rates_of(index: VideoIndex, profile: Profile, user: UserFactors, local: str) -> Callable[[Rows], Floats]:
    """The like rates of any videos for a user; in a local context, those there, too."""
    everywhere = LikeRates(index, profile, user).of
    if not local:
        return everywhere
    return lambda rows: np.column_stack([everywhere(rows), local_rates(index, rows, local)])


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
    scores, is_ranker_left_out = ranked.combine(choice, weights)
    order = _order(ranked, choice, scores, n)
    policy, drawn_by = ranked.policy, seed_of(ranked.profile) if seed is None else seed
    if policy is None:
        arranged = Arranged(diversify(index, ranked.rows[order], caps or Caps(), n))
    else:
        arranged = arrange(index, ranked.rows[order], scores[order], policy, ranked.profile.seen, n)
        exploration = exploration if policy.exploration is None else policy.exploration
    explored = explore(
        arranged.rows, ranked, index, seed=drawn_by, share=exploration, permits=permits(policy, arranged.pins)
    )
    if not is_ranker_left_out:
        explored = _with_propensities(explored, ranked, index, choice)
    explored = with_pins(explored, arranged.pins)
    positions, shares = ranked.positions_of(explored.rows, index), ranked.shares_of(explored.rows, index)
    of_places = scores[positions] if len(scores) else np.zeros(len(positions))
    picks = tuple(_picks(index, of_places, shares, explored, ranked.source_names))
    is_drawn = np.array([row in explored.drawn for row in explored.rows.tolist()], np.bool_)
    sources = place_sources.pack(shares, is_drawn)
    shown, acted = _shown(ranked, index, choice, explored, positions), effects(ranked, explored.rows, arranged)
    return Slate(picks, ranked.now, weights.version, shown, sources, acted, is_ranker_left_out)


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


def propensities_of(ranked: Ranked, index: VideoIndex, weights: Weights, rows: Rows) -> Floats | None:
    """The probability with which a place that the ranker fills holds each row, shape (rows,), as `Participation` says.

    Returns:
        None if the ranker does not draw.
    """
    part = ranked.participation
    if part is None:
        return None
    choice = ranked.blend_scores(weights)
    return part.propensities_of(rows, ranked.request(part, choice, choice))


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
    items = index.factors.items(explored.rows)
    if len(others):  # drawn and pinned videos that are no candidates
        of_places[others] = 0.0
        factors[others] = items.scores(ranked.user_factors)[others]
        rates[others] = ranked.rates_of(explored.rows[others])
    return served.pack(explored.propensities, of_places, factors, items, rates)


def _picks(
    index: VideoIndex, scores: Floats, shares: Floats, explored: Explored, names: tuple[str, ...]
) -> Iterator[Pick]:
    """The videos of places with their scores, shape (places,), and those of sources, shape (sources, places)."""
    rounded, by_source = shares.T.round(4), [dict[str, float]() for _ in explored.rows]
    nonzero = np.nonzero(rounded)
    for pick, source, share in zip(*(part.tolist() for part in (*nonzero, rounded[nonzero])), strict=True):
        by_source[pick][names[source]] = share
    for row, score, sources in zip(explored.rows.tolist(), scores.tolist(), by_source, strict=True):
        yield Pick(index.ids[row], score, DRAWN_SOURCES if row in explored.drawn else sources)
