"""The candidate pool: the union of all sources' candidates with each source's score, without seen videos."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.index.columns import Floats, Rows, distinct, largest
from recomind.recommender.index.seen import is_seen, listed_unseen
from recomind.recommender.index.top_lists import DAY_INDEX
from recomind.recommender.index.video_index import VideoIndex

MAX_POOL_SIZE: Final = 400
"""Most candidates that are ranked."""

MIN_POOL_SIZE: Final = 100
"""For users who have seen any video, and under a filter: with fewer candidates, popular unseen videos are added."""

_NEVER_LIKED: Final = -1e15
"""Below all scores, and below them minus all upload times."""

Mask = NDArray[np.bool_]
Proposals = Sequence[tuple[Rows, Floats]]


def pool_candidates(
    index: VideoIndex,
    proposals: Proposals,
    seen: bytes,
    eligible: Callable[[Rows], Mask] | None = None,
    *,
    is_filled: bool = False,
) -> tuple[Rows, Floats]:
    """Join the candidates of all sources, drop unlisted and seen videos, and keep the strongest.

    Sources propose from lists of limited length. For a user who has seen nearly all of these, and where a filter leaves
    few, popular videos are added; also where strict caps on neighbours need more to choose from.

    Args:
        index: the index that rows belong to.
        proposals: (rows, scores) of each source; rows may repeat, their scores add up.
        seen: 4-byte hashes of videos to leave out.
        eligible: says of rows which of them the list may hold; None for all.
        is_filled: whether popular videos fill the pool up to `MAX_POOL_SIZE`.

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
    unseen = np.flatnonzero(index.columns.listed.take(rows) & ~is_seen(index.columns.hash.take(rows), seen))
    if eligible is not None:
        unseen = unseen[eligible(rows.take(unseen))]
    rows, scores = _strongest(rows.take(unseen), scores.take(unseen, axis=1))
    fewest = MAX_POOL_SIZE if is_filled else MIN_POOL_SIZE if seen or eligible is not None else 0
    if len(rows) < fewest:
        every = np.arange(index.size)
        added = popular_unseen(index, seen, fewest, every if eligible is None else every[eligible(every)])
        added = added[~np.isin(added, rows)][: fewest - len(rows)]
        rows, scores = np.concatenate([rows, added]), np.pad(scores, ((0, 0), (0, len(added))))
    return rows, scores


def _strongest(rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
    """Scale each source's scores to a maximum of 1 (zeros stay zeros); keep the rows with the largest sums."""
    strongest = scores.max(axis=1, initial=0.0, keepdims=True)
    shares = scores / np.where(strongest > 0, strongest, 1.0)
    if len(rows) > MAX_POOL_SIZE:
        best = np.sort(largest(shares.sum(axis=0), MAX_POOL_SIZE))
        rows, shares = rows.take(best), shares.take(best, axis=1)
    return rows, shares


def popular_unseen(index: VideoIndex, seen: bytes, n: int, rows: Rows) -> Rows:
    """The `n` most liked of the listed rows that the user has not seen, and then the newest; no source found them."""
    columns = index.columns
    rows = listed_unseen(columns, rows, seen)
    likes = columns.like_scores[rows, DAY_INDEX]
    keys = np.where(likes > -np.inf, likes, _NEVER_LIKED + columns.created_at[rows])
    best = largest(keys, n)
    return rows[best[np.argsort(-keys[best], kind="stable")]]
