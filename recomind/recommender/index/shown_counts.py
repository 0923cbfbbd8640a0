"""How often videos were shown and liked: of each video, of each tag and creator together, and of all.

Each worker adds up tags and creators itself, from the counts of all videos.
"""

from typing import Final

import numpy as np

from recomind.recommender.index.columns import Columns, Floats, Rows

COUNTS: Final = 2
"""Impressions, then likes."""


class ShownCounts:
    """Sums over the videos of each tag and each creator: arrays of shape (2, numbers + 1), the last column for none."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.tags: Floats = np.zeros((COUNTS, 1))
        self.creators: Floats = np.zeros((COUNTS, 1))
        self.total: Floats = np.zeros(COUNTS)

    def reserve(self, tags: int, creators: int) -> None:
        """Make room for so many tags and creators."""
        self.tags, self.creators = _grown(self.tags, tags), _grown(self.creators, creators)

    def put(self, rows: Rows, counts: Floats) -> None:
        """Set the counts of distinct videos, shape (2, rows)."""
        change = counts - self._columns.shown[rows].T
        changed = np.flatnonzero(change.any(axis=0))
        if len(changed):
            rows, change = rows[changed], change[:, changed]
            self._columns.shown[rows] += change.T
            self.add(rows, change)

    def add(self, rows: Rows, change: Floats) -> None:
        """Add to the sums of the tags and creators of videos, shape (2, rows)."""
        tags, creators = self._columns.tags[rows], self._columns.creator[rows]
        for kind in range(COUNTS):
            np.add.at(self.tags[kind], tags, change[kind][:, None])
            np.add.at(self.creators[kind], creators, change[kind])
        self.total += change.sum(axis=1)
        self.tags[:, -1] = self.creators[:, -1] = 0.0

    def of(self, row: int) -> Floats:
        """The counts of one video, shape (2, 1)."""
        found: Floats = self._columns.shown[[row]].T.copy()
        return found


def _grown(sums: Floats, size: int) -> Floats:
    """Sums with room for so many, twice as much as needed where it is not there."""
    if size < sums.shape[1]:
        return sums
    return np.concatenate([sums[:, :-1], np.zeros((COUNTS, size + 64))], axis=1)
