"""What sources are given, and what they return."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from recomind.model.ids import VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.recommender.candidates.tag_affinity import TagAffinity, tag_affinity_of
from recomind.recommender.factors import users
from recomind.recommender.factors.model import UserFactors
from recomind.recommender.follows import Follows
from recomind.recommender.index.columns import NO_FLOATS, NO_ROWS, Floats, Rows
from recomind.recommender.index.neighbours import NeighbourArrays
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile, recent_positives
from recomind.state.profile_entries import MAX_LIKES


class UserContext(NamedTuple):
    """A user to recommend to: the profile, and what all sources derive from it."""

    profile: Profile
    positives: tuple[int, ...]
    """Rows of liked or watched videos, latest first."""
    neighbours: NeighbourArrays
    """Of the seeds, the first `MAX_SEEDS` positives."""
    tag_affinity: TagAffinity
    now: float
    """Event time of the request, epoch seconds."""
    factors: UserFactors
    """Of the factor model."""
    local: str = NO_LOCAL_CONTEXT
    """The local context of the request."""
    follows: Follows | None = None
    """What the user follows."""


class Candidates(NamedTuple):
    """Rows of the index and their scores, none below zero, of equal length; scores of a repeated row add up."""

    rows: Rows
    scores: Floats


MAX_POSITIVES: Final = MAX_LIKES
"""How many of the latest liked or watched videos sources can build on."""

MAX_SEEDS: Final = 20
"""The neighbours of this many of the latest positives are looked up."""

MIN_QUANTILE: Final = 0.5
"""A view counts as a positive if it lasted longer than this share of all, where its time is known."""

NO_CANDIDATES: Final = Candidates(NO_ROWS, NO_FLOATS)


def user_context_of(
    profile: Profile,
    index: VideoIndex,
    now: float,
    local: str = NO_LOCAL_CONTEXT,
    follows: Follows | None = None,
) -> UserContext:
    """Derive what sources need from a profile.

    Args:
        profile: the user's.
        index: which rows belong to.
        now: event time, epoch seconds.
        local: the local context of the request.
        follows: what the user follows.
    """
    left = _left_early(profile, index)
    known = [index.rows.get(one) for one in recent_positives(profile, MAX_POSITIVES) if one not in left]
    positives = tuple([row for row in known if row is not None])
    neighbours = index.neighbours.arrays_of(positives[:MAX_SEEDS])
    factors = users.decode(profile.factors)
    return UserContext(profile, positives, neighbours, tag_affinity_of(profile, index), now, factors, local, follows)


def _left_early(profile: Profile, index: VideoIndex) -> set[VideoId]:
    """The viewed videos that the user left earlier than half of all viewers do, and does not like."""
    if not index.action_weights.watch:
        return set()
    quantile_of, rows = index.watch_times.quantile_of, index.rows
    found = {
        one.video_id
        for one in profile.reactions
        if one.watched is not None and quantile_of(rows.get(one.video_id, -1), one.watched) < MIN_QUANTILE
    }
    return found - {one.video_id for one in profile.likes} if found else found


def concatenate(parts: Iterable[tuple[Rows, Floats]]) -> Candidates:
    """Join several lists of rows and scores."""
    lists = [part for part in parts if len(part[0])]
    if not lists:
        return NO_CANDIDATES
    rows, scores = zip(*lists, strict=True)
    return Candidates(np.concatenate(rows), np.concatenate(scores))


def best_first(candidates: Candidates) -> Candidates:
    """Each row once with the sum of its scores, best first; ties go to the lower row.

    >>> best_first(Candidates(np.array([3, 5, 3]), np.array([1.0, 1.5, 1.0])))
    Candidates(rows=array([3, 5]), scores=array([2. , 1.5]))
    """
    rows, inverse = np.unique(candidates.rows, return_inverse=True)
    sums = np.bincount(inverse, candidates.scores, len(rows)).astype(float)
    order = np.lexsort((rows, -sums))
    return Candidates(rows[order], sums[order])
