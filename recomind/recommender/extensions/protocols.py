"""What an extension implements: a source, a ranker, a filter or an arranger.

A video is a row of the index, see `VideoIndex.ids` and `VideoIndex.rows`. Extensions read the index and the user's
context, and change neither. They are called in the worker's event loop, so they should take at most a millisecond: what
needs I/O is read beforehand, when the extension is made or in a thread of its own.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.like_rates import NAMES

Mask = NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)

OUTCOME_FEATURES: Final = ("choice", "factor_score", *(f"like_rate_{name.replace(' ', '_')}" for name in NAMES))
"""The names of the columns of `RankingRequest.outcome_features`, and of the same columns of exported served lists."""


def read_only(array: NDArray[Number]) -> NDArray[Number]:
    """A view that cannot be written to: what a ranker does to it must not change the list if it then fails."""
    view = array.view()
    view.flags.writeable = False
    return view


class RankingRequest(NamedTuple):
    """The candidates of one list, and what is known of them; arrays are read-only."""

    rows: Rows
    """Distinct rows of the index, shape (candidates,). The list can hold each of them."""
    features: Floats
    """Shape (candidates, features), see `recomind.recommender.blend.features`."""
    feature_names: tuple[str, ...]
    """The name of each column of `features`."""
    outcome_features: Floats
    """What `recomind export --served` writes of places, shape (candidates, outcome features)."""
    sources: Mapping[str, Floats]
    """Source to its scores, shape (candidates,): 1 for its best candidate, 0 for what it did not propose."""
    scores: Floats
    """Those of the built-in hybrid, shape (candidates,): log odds of a like, but for an offset that all share.

    Arrangers get the scores by which the candidates are ordered.
    """
    user: UserContext
    eligible: Callable[[Rows], Mask] | None = None
    """Says of rows whether filters let the list hold them; None for all."""


@runtime_checkable
class Source(Protocol):
    """Proposes candidates."""

    def propose(self, user: UserContext, index: VideoIndex) -> Candidates:
        """Rows of the index with finite scores, none below zero; at most `checks.MAX_PROPOSED`.

        What is not listed, seen by the user, or filtered is dropped afterwards. Scores are scaled to a maximum of 1.
        """


@runtime_checkable
class Ranker(Protocol):
    """Orders candidates.

    A ranker may also be a `Source`: what it proposes is added to the candidates of the lists that it orders. And it may
    have these attributes:

    - `sources`: names of the sources whose candidates it orders; as a rule, of all.
    - `propensities(request, index)`: for a ranker that draws at random, the probability with which a place holds each
      candidate, shape (candidates,). `recomind whatif` weighs places by it, so it must not depend on what is drawn.
    """

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """A score for each candidate, shape (candidates,); larger is better, and -inf leaves a candidate out.

        Rules that boost and bury add to the scores as if these were log odds of a like.
        """


@runtime_checkable
class Filter(Protocol):
    """Says which videos a list may hold."""

    def permits(self, user: UserContext, rows: Rows, index: VideoIndex) -> Mask:
        """Whether the user's list may hold each row, shape (rows,).

        It is called several times for one list, with rows of listed videos alone.
        """


@runtime_checkable
class Arranger(Protocol):
    """Changes the order of a list's best candidates."""

    def arrange(self, request: RankingRequest, order: Rows, n: int, index: VideoIndex) -> Rows:
        """The rows of `order`, or some of them, in the order in which the list is to have them.

        Rules, caps on neighbouring videos, and exploration come after it.

        Args:
            request: all candidates.
            order: rows, best first; three times `n`, if there are so many.
            n: places of the list.
            index: the index that rows belong to.
        """
