"""What a source answers: videos and how strongly each is meant."""

from typing import NamedTuple

import numpy as np

from recomind.ranking.index import NO_ROWS, Floats, Rows

LIMIT = 100
"""Most candidates of a source."""


class Candidates(NamedTuple):
    """Rows of the index and their scores, positive, arrays of one length; best first."""

    rows: Rows
    scores: Floats


NONE = Candidates(NO_ROWS, np.empty(0))


def best(rows: Rows, scores: Floats, limit: int = LIMIT) -> Candidates:
    """Sum the scores of equal rows and keep the `limit` best; ties go to the lower row.

    >>> best(np.array([3, 5, 3], np.int32), np.array([1.0, 1.5, 1.0]))
    Candidates(rows=array([3, 5], dtype=int32), scores=array([2. , 1.5]))
    """
    unique, where = np.unique(rows, return_inverse=True)
    sums: Floats = np.zeros(len(unique))
    np.add.at(sums, where, scores)
    order = np.lexsort((unique, -sums))[:limit]
    order = order[sums[order] > 0]
    return Candidates(unique[order].astype(np.int32), sums[order])
