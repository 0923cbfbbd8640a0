"""The pool: what all sources propose, each video once, with each source's score, less what was seen."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.ranking.columns import distinct
from recomind.ranking.index import Floats, Rows, VideoIndex

SIZE: Final = 400
"""Most videos that are ranked."""

Proposals = Sequence[tuple[Rows, Floats]]


def gather(index: VideoIndex, proposals: Proposals, seen: bytes) -> tuple[Rows, Floats]:
    """Sum what each source says of each video; leave out unlisted and seen ones; keep the strongest.

    Args:
        index: where the rows are of.
        proposals: (rows, scores) a source; rows may repeat, their scores add up.
        seen: 4-byte hashes of videos to leave out.

    Returns:
        Rows of shape (videos,), and scores of shape (sources, videos), each source's largest being 1.
    """
    lists = {id(rows): rows for rows, _ in proposals}  # some sources score the same videos
    rows, where = distinct(np.concatenate([*lists.values()]), index.columns.slot)
    ends = dict(zip(lists, accumulate(map(len, lists.values())), strict=True))
    scores = np.empty((len(proposals), len(rows)))
    for source, (proposed, strengths) in enumerate(proposals):
        end = ends[id(proposed)]
        scores[source] = np.bincount(where[end - len(proposed) : end], strengths, len(rows))
    keep = np.flatnonzero(index.columns.listed[rows] & ~_is_seen(index, rows, seen))
    return _strongest(rows[keep], normalised(scores[:, keep]))


def normalised(scores: Floats) -> Floats:
    """Each row divided by its maximum; a row of zeros stays one."""
    largest = scores.max(axis=1, initial=0.0, keepdims=True)
    shares: Floats = scores / np.where(largest > 0, largest, 1.0)
    return shares


def _strongest(rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
    if len(rows) > SIZE:
        keep = np.sort(np.argpartition(-scores.sum(axis=0), SIZE)[:SIZE])
        rows, scores = rows[keep], scores[:, keep]
    return rows, scores


def _is_seen(index: VideoIndex, rows: Rows, seen: bytes) -> NDArray[np.bool_]:
    mark, by_hash = index.columns.mark, index.by_hash
    hashes = np.frombuffer(seen, "<u4").tolist()
    marked = [row for name in hashes if (row := by_hash.get(name)) is not None]
    mark[marked] = True
    found: NDArray[np.bool_] = mark[rows]
    mark[marked] = False
    return found
