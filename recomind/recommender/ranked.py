"""A user's ranked candidates: what sources proposed, with the features and scores that a list is made from."""

from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

import numpy as np

from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.recommender.blend import model as blend
from recomind.recommender.blend.features import feature_names
from recomind.recommender.blend.model import Context, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.tag_affinity import TagAffinity
from recomind.recommender.extensions.participation import Participation, named_ranker
from recomind.recommender.extensions.protocols import RankingRequest, read_only
from recomind.recommender.factors.model import UserFactors
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import Policy
from recomind.state.profile import Profile

BUILT_IN_SOURCES: Final = tuple(SOURCES)
BLENDED: Final = BUILT_IN_SOURCES.index("factors")
"""Sources whose scores are features of the blend: not the factor model, which is weighed against the blend, and not
`followed`, as few users follow anything."""

FEATURE_NAMES: Final = feature_names(BUILT_IN_SOURCES[:BLENDED])
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


class FinalScores(NamedTuple):
    """What orders the candidates."""

    scores: Floats
    """Shape (candidates,)."""
    is_ranker_left_out: bool
    """Whether they are the hybrid's though the policy names a ranker: it failed, is suspended or missing."""


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
    """What is added to the scores, shape (candidates,): how well videos are watched, what the user follows, and their
    negative feedback."""
    policy: Policy | None = None
    """What the list may hold, and how rules arrange it."""
    filtered_by: Rows = NO_ROWS
    """The numbers of the rules that filtered proposed videos out, one for each of these."""
    participation: Participation | None = None
    """What extensions and rankers have to do with the list; None for nothing."""
    local: str = NO_LOCAL_CONTEXT
    """The local context for which they are ranked; `rates` has its like rates then, too."""
    returned: tuple[int, ...] = ()
    """`VideoIndex.returned` when they were ranked."""

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources whose scores these are: the built-in ones, then others."""
        return BUILT_IN_SOURCES if self.participation is None else (*BUILT_IN_SOURCES, *self.participation.proposals)

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
        return self.combine(self.blend_scores(weights), weights).scores

    def combine(self, blend_scores: Floats, weights: Weights) -> FinalScores:
        """As `final_scores`, for known scores of the blend."""
        scores = weights.outcomes.combine(blend_scores, self.factor_scores, self.rates) + self.adjustment
        part = self.participation
        found = None if part is None else part.scores(self.request(part, blend_scores, scores))
        is_left_out = found is None and bool(named_ranker(self.policy))
        scores = scores if found is None else found
        return FinalScores(scores if self.policy is None else scores + self.policy.shift(self.rows), is_left_out)

    def request(self, part: Participation, choice: Floats, scores: Floats) -> RankingRequest:
        """What rankers and arrangers get."""
        sources = dict(zip(self.source_names, read_only(self.scores), strict=True))
        eligible = None if self.policy is None or self.policy.eligibility is None else self.policy.eligibility.of
        outcome = np.column_stack([choice - choice.sum() / max(1, len(choice)), self.factor_scores, self.rates])
        rows, features, scores = read_only(self.rows), read_only(self.features), read_only(scores)
        return RankingRequest(rows, features, FEATURE_NAMES, outcome, sources, scores, part.user, eligible)

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
