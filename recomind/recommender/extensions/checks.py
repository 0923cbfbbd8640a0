"""Checks of what extensions return. An array-like of the right shape is taken as the array that it means."""

from typing import Any, Final

import numpy as np

from recomind.recommender.candidates.types import Candidates
from recomind.recommender.extensions.protocols import Mask
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

MAX_PROPOSED: Final = 100_000
"""Candidates that a source may propose."""


class InvalidResultError(Exception):
    """An extension has returned what its protocol does not allow; the message says what."""


def candidates_of(found: Any, index: VideoIndex) -> Candidates:
    """What a source has returned.

    Raises:
        InvalidResultError: it is not rows of the index with finite scores, none below zero.
    """
    try:
        rows, scores = found
    except (TypeError, ValueError) as error:
        raise InvalidResultError("a source returns Candidates(rows, scores)") from error
    rows, scores = rows_of(rows, index), _floats(scores)
    if rows.shape != scores.shape:
        raise InvalidResultError(f"{len(rows)} rows have scores of shape {scores.shape}")
    if len(rows) > MAX_PROPOSED:
        raise InvalidResultError(f"{len(rows)} candidates are more than {MAX_PROPOSED}")
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise InvalidResultError("a score is no finite number of at least zero")
    return Candidates(rows, scores)


def scores_of(found: Any, candidates: int) -> Floats:
    """What a ranker has returned for so many candidates.

    Raises:
        InvalidResultError: it is not a score for each; a score may be any number or -inf.
    """
    scores = _floats(found)
    if scores.shape != (candidates,):
        raise InvalidResultError(f"{candidates} candidates have scores of shape {scores.shape}")
    if np.isnan(scores).any() or (scores == np.inf).any():
        raise InvalidResultError("a score is NaN or infinite")
    return scores


def propensities_of(found: Any, candidates: int) -> Floats:
    """The propensities that a ranker has returned for so many candidates.

    Raises:
        InvalidResultError: it is not a probability for each.
    """
    chances = _floats(found)
    if chances.shape != (candidates,):
        raise InvalidResultError(f"{candidates} candidates have propensities of shape {chances.shape}")
    if not ((chances > 0) & (chances <= 1)).all():
        raise InvalidResultError("a propensity is no probability above zero")
    return chances


def mask_of(found: Any, rows: int) -> Mask:
    """What a filter has returned for so many rows.

    Raises:
        InvalidResultError: it is not a truth value for each.
    """
    mask = np.asarray(found)
    if mask.shape != (rows,) or mask.dtype != np.bool_:
        raise InvalidResultError(f"a filter returned {mask.dtype} of shape {mask.shape} for {rows} rows")
    return mask


def order_of(found: Any, given: Rows, index: VideoIndex) -> Rows:
    """What an arranger has returned of the rows that it was given.

    Raises:
        InvalidResultError: a row is there twice, or was not given.
    """
    order = rows_of(found, index)
    if len(np.unique(order)) < len(order) or not np.isin(order, given).all():
        raise InvalidResultError("an arranger returned a row twice, or one that it was not given")
    return order


def rows_of(found: Any, index: VideoIndex) -> Rows:
    """Rows of the index.

    Raises:
        InvalidResultError: it is not an array of whole numbers below the size of the index.
    """
    rows = np.asarray(found)
    if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
        raise InvalidResultError(f"rows are {rows.dtype} of shape {rows.shape}, not whole numbers")
    rows = rows.astype(np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= index.size):
        raise InvalidResultError("a row is outside of the index")
    return rows


def _floats(found: Any) -> Floats:
    try:
        return np.asarray(found, float)
    except (TypeError, ValueError) as error:
        raise InvalidResultError(f"scores are no numbers: {error}") from error
