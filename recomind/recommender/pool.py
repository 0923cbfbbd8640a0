"""The pool: what all sources propose, each video once, with each source's score, less what was seen."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.index.columns import Floats, Rows, distinct
from recomind.recommender.index.video_index import VideoIndex

SIZE: Final = 400
"""Most videos that are ranked."""

_LAST_BITS: Final = 2**13 - 1

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
    kept = np.flatnonzero(index.columns.listed.take(rows) & ~_is_seen(index, rows, seen))
    return _strongest(rows.take(kept), scores.take(kept, axis=1))


def _strongest(rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
    """Each source's scores divided by their maximum, a source of zeros staying one; those with the largest sums."""
    largest = scores.max(axis=1, initial=0.0, keepdims=True)
    shares = scores / np.where(largest > 0, largest, 1.0)
    if len(rows) > SIZE:
        best = np.sort(np.argpartition(-shares.sum(axis=0), SIZE)[:SIZE])
        rows, shares = rows.take(best), shares.take(best, axis=1)
    return rows, shares


def _is_seen(index: VideoIndex, rows: Rows, seen: bytes) -> NDArray[np.bool_]:
    """Whether each row's hash is among those seen: looked up by its last bits, and apart where two seen share these."""
    names, hashes = index.columns.hash.take(rows), np.frombuffer(seen, "<u4").astype(np.int64)
    table, places = np.full(_LAST_BITS + 1, -1), hashes & _LAST_BITS
    table[places] = hashes
    found: NDArray[np.bool_] = table.take(names & _LAST_BITS) == names
    for other in hashes[table.take(places) != hashes].tolist():
        found |= names == other
    return found
