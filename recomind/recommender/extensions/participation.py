"""The part that extensions have in one list: which sources propose for it, and what orders it."""

from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple, cast

import numpy as np

from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.recommender.candidates.types import NO_CANDIDATES, Candidates, UserContext, user_context_of
from recomind.recommender.exploration import Explored
from recomind.recommender.extensions.baselines import RandomRanker
from recomind.recommender.extensions.checks import candidates_of, mask_of, order_of, propensities_of, scores_of
from recomind.recommender.extensions.protocols import Mask, RankingRequest
from recomind.recommender.extensions.registry import HYBRID, Extension, Extensions, RankerChoice
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.eligibility import Eligibility
from recomind.recommender.policy.masks import Masks
from recomind.recommender.policy.policy import Policy
from recomind.state.profile import Profile

ROWS_PER_CALL: Final = 1000
"""Rows about which a filter is asked at once: a call has a limit of time, and a catalogue may be large."""


class Participation(NamedTuple):
    """The extensions of one list."""

    user: UserContext
    video_index: VideoIndex
    proposals: Mapping[str, Candidates]
    """Source, or ranker that proposes, to its candidates. Names of built-in sources are not among them."""
    sources: frozenset[str] | None
    """Built-in sources that propose; None for all."""
    ranker: RankerChoice | None
    """None for the hybrid."""
    arrangers: tuple[Extension, ...] = ()
    filters: tuple[Extension, ...] = ()

    def restricted(self, policy: Policy | None) -> Policy | None:
        """A policy whose list also keeps to the filters; one that is left out permits everything."""
        if not self.filters:
            return policy
        named = tuple((f"filtered by the extension {one.name}", partial(self._permits, one)) for one in self.filters)
        policy = policy or Policy()
        known = policy.eligibility or Eligibility(Masks(self.video_index), (), (), None)
        return policy._replace(eligibility=known._replace(extensions=named))

    def _permits(self, extension: Extension, rows: Rows) -> Mask:
        """The filter is asked about listed videos alone: the index has no entry of others, and no list holds them."""
        found = self.video_index.columns.listed.take(rows)
        parts = [self._permits_part(extension, part) for part in parts_of(rows[found])]
        found[found] = np.concatenate([np.ones(0, np.bool_), *parts])
        return found

    def _permits_part(self, extension: Extension, rows: Rows) -> Mask:
        found = extension.guard.call(
            "permits",
            lambda: extension.instance.permits(self.user, rows, self.video_index),
            lambda mask: mask_of(mask, len(rows)),
        )
        return np.ones(len(rows), np.bool_) if found is None else found

    def scores(self, request: RankingRequest) -> Floats | None:
        """The ranker's scores of candidates, shape (candidates,); None for the hybrid, and where it is left out."""
        if self.ranker is None:
            return None
        instance, guard = self.ranker.extension.instance, self.ranker.extension.guard
        return guard.call(
            "score",
            lambda: instance.score(request, self.video_index),
            lambda scores: scores_of(scores, len(request.rows)),
        )

    def order(self, request: RankingRequest, order: Rows, scores: Floats, n: int, reserve: int) -> Rows:
        """Positions of candidates, best first, as arrangers have them; those with a score of -inf are left out.

        Args:
            request: all candidates.
            order: positions of candidates, best first.
            scores: of all candidates.
            n: places of the list.
            reserve: how many of the first candidates arrangers get.
        """
        order = order[scores[order] > -np.inf]
        for extension in self.arrangers:
            first = request.rows[order[:reserve]]
            found = extension.guard.call(
                "arrange",
                lambda one=extension.instance, rows=first: one.arrange(request, rows.copy(), n, self.video_index),  # type: ignore[misc]
                lambda rows, given=first: order_of(rows, given, self.video_index),  # type: ignore[misc]
            )
            if found is not None:
                place_of = {row: place for place, row in enumerate(first.tolist())}
                order = np.concatenate([order[[place_of[row] for row in found.tolist()]], order[reserve:]])
        return order

    def with_propensities(self, explored: Explored, request: RankingRequest, positions: Rows) -> Explored:
        """A slate with the propensities of a ranker that draws at random, and whose scores have ordered the slate.

        Args:
            explored: the slate, with drawn places for new uploads.
            request: all candidates.
            positions: of the slate's rows among the candidates.
        """
        chances = self._propensities(request)
        if chances is None or not len(chances):
            return explored
        is_drawn = np.isin(explored.rows, list(explored.drawn))
        return explored._replace(propensities=np.where(is_drawn, 1.0, chances[positions]) * explored.propensities)

    def propensities_of(self, rows: Rows, request: RankingRequest) -> Floats | None:
        """The probability with which a place that the ranker fills holds each row, shape (rows,).

        It is 0 for rows that are no candidates. Of the random ranker, whose candidates are a draw, too, it is that of
        the whole catalogue.

        Args:
            rows: of any videos.
            request: all candidates.

        Returns:
            None if the ranker does not draw, or its propensities are left out.
        """
        if self.ranker is not None and type(self.ranker.extension.instance) is RandomRanker:
            return self.ranker.extension.instance.propensities_of(rows, request, self.video_index)
        chances = self._propensities(request)
        if chances is None:
            return None
        by_row = dict(zip(request.rows.tolist(), chances.tolist(), strict=True))
        return np.array([by_row.get(row, 0.0) for row in rows.tolist()])

    def _propensities(self, request: RankingRequest) -> Floats | None:
        """Those of candidates, shape (candidates,); None if the ranker does not draw, or they are left out."""
        if self.ranker is None or not self.ranker.draws:
            return None
        instance, guard = self.ranker.extension.instance, self.ranker.extension.guard
        return guard.call(
            "propensities",
            lambda: instance.propensities(request, self.video_index),
            lambda found: propensities_of(found, len(request.rows)),
        )


def eligibility_with_filters(
    extensions: Extensions,
    profile: Profile,
    index: VideoIndex,
    now: float,
    policy: Policy | None,
    local: str = NO_LOCAL_CONTEXT,
) -> Eligibility | None:
    """What a list for a user may hold, by a policy and the active filters; None for everything.

    Args:
        extensions: which there are.
        profile: the user's.
        index: which the list is of.
        now: event time, epoch seconds.
        policy: what the list may hold.
        local: the local context of the list.
    """
    filters, eligibility = extensions.acting("filter"), None if policy is None else policy.eligibility
    if not filters:
        return eligibility
    user = user_context_of(profile, index, now, local, follows=None if policy is None else policy.follows)
    restricted = cast("Policy", Participation(user, index, {}, None, None, filters=filters).restricted(policy))
    return restricted.eligibility


def parts_of(rows: Rows) -> list[Rows]:
    """Rows in parts about which filters are asked one by one."""
    return [rows[at : at + ROWS_PER_CALL] for at in range(0, len(rows), ROWS_PER_CALL)]


def named_ranker(policy: Policy | None) -> str:
    """The ranker beside the hybrid that a policy names; empty if it names none."""
    return "" if policy is None or policy.ranker == HYBRID else policy.ranker


def participation_of(
    extensions: Extensions, user: UserContext, index: VideoIndex, policy: Policy | None
) -> Participation | None:
    """The part that extensions have in a user's list; None if there is none.

    Args:
        extensions: which there are.
        user: for whom the list is.
        index: which the list is of.
        policy: names the ranker and the sources.
    """
    ranker, named = named_ranker(policy), None if policy is None else policy.sources
    choice = extensions.ranker(ranker) if ranker else None
    if choice is None and ranker:
        extensions.note_missing(ranker)
    if choice is None and not extensions.active and (named is None or not extensions.of_kind["source"]):
        return None
    if choice is not None and choice.proposes:
        proposed = _proposed(choice.extension, user, index)
        choice = None if proposed is None else choice
    else:
        proposed = None
    sources = named if choice is None or choice.sources is None else choice.sources
    proposals = {
        name: _proposed(one, user, index) or NO_CANDIDATES
        for name, one in extensions.of_kind["source"].items()
        if (name in extensions.active if sources is None else name in sources)
    }
    if choice is not None and proposed is not None:
        proposals[choice.extension.name] = proposed
    arrangers, filters = extensions.acting("arranger"), extensions.acting("filter")
    if choice is None and not (proposals or arrangers or filters):
        return None
    return Participation(user, index, proposals, sources, choice, arrangers, filters)


def _proposed(extension: Extension, user: UserContext, index: VideoIndex) -> Candidates | None:
    return extension.guard.call(
        "propose", lambda: extension.instance.propose(user, index), lambda found: candidates_of(found, index)
    )
