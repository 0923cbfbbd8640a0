"""Diversity re-ranking: caps on how many of neighbouring list entries share a creator or a tag.

Places are filled one after another: each gets the best of the remaining candidates with which no cap is broken. Where
there is none, as candidates run out, it gets the one that breaks the caps least: a full list is worth more than a cap.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from recomind.model.text import tag_key
from recomind.recommender.index.columns import TAGS_PER_VIDEO, Rows
from recomind.recommender.index.video_index import VideoIndex

WINDOW_LENGTH: Final = 10
"""The caps hold within each run of this many neighbouring places."""


class Caps(msgspec.Struct, frozen=True):
    """The most of any `WINDOW_LENGTH` neighbouring videos that may share a property; None for no cap."""

    creator: int | None = 3
    tag: int | None = None

    @property
    def is_strict(self) -> bool:
        """Whether they allow less than the default ones, so that more candidates are needed to keep them."""
        return self.tag is not None or (self.creator is not None and self.creator < _DEFAULT_CREATOR_CAP)


NO_CAPS: Final = Caps(None, None)
_DEFAULT_CREATOR_CAP: Final = Caps().creator or 0


def diversify(index: VideoIndex, order: Rows, caps: Caps, n: int) -> list[int]:
    """The first `n` rows of `order`, in which each place has the first remaining row that keeps all caps.

    If no remaining row does, the place has the one that exceeds them by the fewest videos, of several the first. So
    caps are broken only where candidates run out, and a list is never shorter because of them.
    """
    if caps.tag is not None:
        return _by_properties(index, order, caps, n)
    first: list[int] = order[:n].tolist()
    if caps.creator is None or index.creators.keys().isdisjoint(first):
        return first
    return _by_creator(index.creators, order.tolist(), caps.creator, n)


def _by_creator(creators: Mapping[int, str], rows: list[int], cap: int, n: int) -> list[int]:
    """As `diversify`, for a cap on creators alone: most lists have no other.

    A row waits while its creator is at the cap, which only a video that leaves the window can end. So at most one
    creator with rows that wait has room for the next place, and these rank before all that have not been looked at.
    """
    chosen: list[int] = []
    by: list[str | None] = []
    used: dict[str, int] = {}
    waiting: dict[str, deque[int]] = {}
    coming = iter(enumerate(rows))
    while len(chosen) < n:
        if len(chosen) >= WINDOW_LENGTH:
            left = by[-WINDOW_LENGTH]
            if left is not None:
                used[left] -= 1
                if left in waiting and used[left] < cap:
                    _take_waiting(left, rows, waiting, chosen)
                    by.append(left)
                    used[left] += 1
                    continue
        for position, row in coming:
            creator = creators.get(row)
            if creator is not None:
                count = used.get(creator, 0)
                if count >= cap:
                    waiting.setdefault(creator, deque()).append(position)
                    continue
                used[creator] = count + 1
            chosen.append(row)
            by.append(creator)
            break
        else:
            if not waiting:
                break
            creator = min(waiting, key=lambda one: (used[one], waiting[one][0]))
            _take_waiting(creator, rows, waiting, chosen)
            by.append(creator)
            used[creator] += 1
    return chosen


def _take_waiting(creator: str, rows: list[int], waiting: dict[str, deque[int]], chosen: list[int]) -> None:
    """Move a creator's first waiting row to the chosen ones."""
    positions = waiting[creator]
    chosen.append(rows[positions.popleft()])
    if not positions:
        del waiting[creator]


def _by_properties(index: VideoIndex, order: Rows, caps: Caps, n: int) -> list[int]:
    """As `diversify`, for any caps."""
    positions, keys, most = _capped_properties(index, order, caps)
    over = 1 - most  # by how many videos one more with a property would exceed its cap
    taken = np.zeros(len(order))
    ends = np.searchsorted(positions, np.arange(len(order) + 1)).tolist()
    chosen: list[int] = []
    for place in range(min(n, len(order))):
        if place >= WINDOW_LENGTH:
            left = chosen[-WINDOW_LENGTH]
            over[keys[ends[left] : ends[left + 1]]] -= 1
        excess = np.bincount(positions, np.maximum(over, 0).take(keys), len(order))
        best = int((excess + taken).argmin())
        chosen.append(best)
        taken[best] = np.inf
        over[keys[ends[best] : ends[best + 1]]] += 1
    found: list[int] = order[chosen].tolist()
    return found


def _capped_properties(index: VideoIndex, rows: Rows, caps: Caps) -> tuple[Rows, Rows, Rows]:
    """The capped properties of videos.

    Returns:
        A pair of (position among `rows`, number of a property) for each property of each video, ascending by position,
        and the cap of each number.
    """
    tags = index.columns.tags[rows]
    at, place = np.nonzero(tags >= 0)
    positions, numbers = [at], [tags[at, place]]
    for position in np.flatnonzero(index.columns.tag_count[rows] == TAGS_PER_VIDEO).tolist():
        every = {index.tag_rows[key] for tag in index.videos[rows[position]].tags if (key := tag_key(tag))}
        further = every.difference(tags[position].tolist())
        positions.append(np.full(len(further), position))
        numbers.append(np.array([*further], np.int64))
    if caps.creator is not None:
        creators = index.columns.creator[rows]
        known = np.flatnonzero(creators >= 0)
        positions.append(known)
        numbers.append(-1 - creators[known])
    joined = np.concatenate(positions)
    distinct, keys = np.unique(np.concatenate(numbers), return_inverse=True)
    by_position = np.argsort(joined, kind="stable")
    most = np.where(distinct < 0, caps.creator or 0, caps.tag or 0)
    return joined[by_position], keys[by_position], most
