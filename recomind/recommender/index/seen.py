"""Which videos a user has seen, found by the hashes of their ids."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.index.columns import Columns, Rows

_MIN_SLOTS: Final = 2**13
"""Slots of the lookup table of seen videos, at least."""

_SLOTS_PER_SEEN_VIDEO: Final = 4
"""The same for each seen video, at least: few of them then share a slot."""


_MAX_COMPARISONS: Final = 2**12
"""So many pairs of hashes are compared one by one: a table costs more."""


def is_seen(hashes: Rows, seen: bytes) -> NDArray[np.bool_]:
    """Whether each hash is among those of the seen videos: few are compared, many are looked up by their last bits.

    Where two of the seen videos share a slot, the lookups are repeated for those that were overwritten.

    Args:
        hashes: `Columns.hash` of some videos.
        seen: `Profile.seen` of a complete profile.
    """
    row_hashes, seen_hashes = hashes.astype(np.uint32), np.frombuffer(seen, "<u4")
    if len(row_hashes) * len(seen_hashes) <= _MAX_COMPARISONS:
        is_equal: NDArray[np.bool_] = (row_hashes[:, None] == seen_hashes).any(axis=1)
        return is_equal
    found = np.zeros(len(row_hashes), np.bool_)
    while len(seen_hashes):
        mask = np.uint32((1 << max(_MIN_SLOTS, _SLOTS_PER_SEEN_VIDEO * len(seen_hashes)).bit_length()) - 1)
        table, slots = np.zeros(int(mask) + 1, np.uint32), seen_hashes & mask
        table[0] = 1  # no hash with the last bits 0 equals it; all other empty slots hold 0
        table[slots] = seen_hashes
        found |= table.take(row_hashes & mask) == row_hashes
        seen_hashes = seen_hashes[table.take(slots) != seen_hashes]
    return found


def listed_unseen(columns: Columns, rows: Rows, seen: bytes) -> Rows:
    """Those of some rows that are listed and that a user has not seen; `seen` is that of a complete profile."""
    return rows[are_listed_unseen(columns, rows, seen)]


def are_listed_unseen(columns: Columns, rows: Rows, seen: bytes) -> NDArray[np.bool_]:
    """Whether each row is listed and the user has not seen it; `seen` is that of a complete profile."""
    return columns.listed.take(rows) & ~is_seen(columns.hash.take(rows), seen)
