"""The candidate pool: the union of all sources' candidates with each source's score, without seen videos."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.index.columns import Floats, Rows, distinct
from recomind.recommender.index.video_index import VideoIndex

MAX_POOL_SIZE: Final = 400
"""Most candidates that are ranked."""

_HASH_BITS_MASK: Final = 2**13 - 1
"""The bits of a hash that index the lookup table of seen videos."""

Proposals = Sequence[tuple[Rows, Floats]]


def pool_candidates(index: VideoIndex, proposals: Proposals, seen: bytes) -> tuple[Rows, Floats]:
    """Join the candidates of all sources, drop unlisted and seen videos, and keep the strongest.

    Args:
        index: the index that rows belong to.
        proposals: (rows, scores) of each source; rows may repeat, their scores add up.
        seen: 4-byte hashes of videos to leave out.

    Returns:
        Rows of shape (videos,), and scores of shape (sources, videos), each source's largest being 1.
    """
    lists = {id(rows): rows for rows, _ in proposals}  # some sources score the same array of rows
    rows, inverse = distinct(np.concatenate([*lists.values()]), index.columns.scratch_index)
    ends = dict(zip(lists, accumulate(map(len, lists.values())), strict=True))
    scores = np.empty((len(proposals), len(rows)))
    for source, (proposed, strengths) in enumerate(proposals):
        end = ends[id(proposed)]
        scores[source] = np.bincount(inverse[end - len(proposed) : end], strengths, len(rows))
    unseen = np.flatnonzero(index.columns.listed.take(rows) & ~_is_seen(index, rows, seen))
    return _strongest(rows.take(unseen), scores.take(unseen, axis=1))


def _strongest(rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
    """Scale each source's scores to a maximum of 1 (zeros stay zeros); keep the rows with the largest sums."""
    largest = scores.max(axis=1, initial=0.0, keepdims=True)
    shares = scores / np.where(largest > 0, largest, 1.0)
    if len(rows) > MAX_POOL_SIZE:
        best = np.sort(np.argpartition(-shares.sum(axis=0), MAX_POOL_SIZE)[:MAX_POOL_SIZE])
        rows, shares = rows.take(best), shares.take(best, axis=1)
    return rows, shares


def _is_seen(index: VideoIndex, rows: Rows, seen: bytes) -> NDArray[np.bool_]:
    """Whether each row's hash is among `seen`: a table lookup by the last bits, and a comparison for collisions."""
    row_hashes, seen_hashes = index.columns.hash.take(rows), np.frombuffer(seen, "<u4").astype(np.int64)
    table, slots = np.full(_HASH_BITS_MASK + 1, -1), seen_hashes & _HASH_BITS_MASK
    table[slots] = seen_hashes
    found: NDArray[np.bool_] = table.take(row_hashes & _HASH_BITS_MASK) == row_hashes
    for overwritten in seen_hashes[table.take(slots) != seen_hashes].tolist():
        found |= row_hashes == overwritten
    return found
