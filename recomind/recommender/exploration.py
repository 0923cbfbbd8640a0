"""Exploration: some places of a slate are drawn at random for new uploads, so that outcomes of these are learned.

In each block of `BLOCK_PLACES` places the last one is drawn with the probability `share * BLOCK_PLACES`. It gets a new
upload, chosen with probabilities proportional to a power of the odds of a like. The draw follows from a seed, so equal
input gives an equal slate. The probability of each place is kept as its propensity.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.factors.model import UserFactors
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.seen import is_seen
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile

EXPLORATION_SHARE: Final = 0.06
"""Share of all places that are drawn while there are new uploads."""

BLOCK_PLACES: Final = 5
"""Places of which the last one may be drawn."""

MAX_AGE_S: Final = 86_400.0
"""A video is new for this long after its upload."""

ODDS_POWER: Final = 2.0
"""Power to which the odds of a like are raised: more of the draws go to promising uploads."""

MAX_ACTIONS: Final = 22
"""With this many actions a video is no longer explored: its outcomes are known well enough."""


class Request(Protocol):
    """Whom a slate is for, and when."""

    @property
    def profile(self) -> Profile: ...  # noqa: D102
    @property
    def user_factors(self) -> UserFactors: ...  # noqa: D102
    @property
    def now(self) -> float: ...  # noqa: D102


class Explored(NamedTuple):
    """A slate with drawn places."""

    rows: Rows
    """Shape (places,)."""
    propensities: Floats
    """The probability that a place holds its video, shape (places,)."""
    drawn: frozenset[int]
    """Rows of the videos in drawn places."""


def explore(
    slate: list[int],
    request: Request,
    index: VideoIndex,
    *,
    seed: int,
    share: float = EXPLORATION_SHARE,
    permits: Callable[[Rows], NDArray[np.bool_]] | None = None,
) -> Explored:
    """Draw places of a slate for new uploads.

    Args:
        slate: rows, best first.
        request: whom the slate is for, and when.
        index: the index that rows belong to.
        seed: of the draws.
        share: of all places, at most 1 / BLOCK_PLACES.
        permits: says of rows which of them may be drawn; None for all.
    """
    rows, propensities = np.array(slate, np.int64), np.ones(len(slate))
    places = range(BLOCK_PLACES - 1, len(slate), BLOCK_PLACES)
    fresh = new_uploads(index, request.profile.seen, request.now) if share and places else NO_ROWS
    if not len(fresh):
        return Explored(rows, propensities, frozenset())
    index.columns.scratch_index[fresh] = 0
    index.columns.scratch_index[rows] = 1
    fresh = fresh[index.columns.scratch_index[fresh] == 0]
    fresh = fresh if permits is None else fresh[permits(fresh)]
    scores = ODDS_POWER * index.factors.scores(fresh, request.user_factors).astype(float)
    odds = np.exp(scores - scores.max(initial=0.0))
    chance, drawn, places = share * BLOCK_PLACES, set[int](), places[: len(fresh)]
    draws = np.random.default_rng(seed).random((len(places), 2)).tolist()
    for place, (draw, pick_draw) in zip(places, draws, strict=True):
        propensities[place] = 1 - chance
        if draw < chance:
            below = odds.cumsum()
            pick = int(below.searchsorted(pick_draw * below[-1], side="right"))
            rows[place], propensities[place], odds[pick] = fresh[pick], chance * odds[pick] / below[-1], 0.0
            drawn.add(int(rows[place]))
    return Explored(rows, propensities, frozenset(drawn))


def seed_of(profile: Profile) -> int:
    """A seed that changes with each action of the user, so that a list that is ranked again has the same draws."""
    return crc32(
        profile.seen + repr((profile.like_count, profile.view_count, profile.skip_count, profile.other_count)).encode()
    )


def new_uploads(index: VideoIndex, seen: bytes, now: float) -> Rows:
    """Rows of the listed videos that are new, have few actions, and that the user has not acted on."""
    columns, size = index.columns, index.size
    created_at, few = columns.created_at[:size], columns.listed[:size] & (columns.actions[:size] < MAX_ACTIONS)
    rows = np.flatnonzero(few & (created_at > 0) & (np.abs(now - created_at) < MAX_AGE_S))
    return rows[~is_seen(columns.hash[rows], seen)] if len(rows) else rows
