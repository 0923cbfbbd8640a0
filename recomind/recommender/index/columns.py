"""Figures of all videos, a column each, growing as rows are added; and scratch space of the same length."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recomind.state.neighbours import LIKERS
from recomind.state.popularity import HALF_LIVES

TAGS: Final = 8
"""How many of a video's tags count when videos are ranked, the first."""

Rows = NDArray[np.int64]
"""Rows of videos or of people, by their numbers."""

Floats = NDArray[np.float64]

NO_ROWS: Final[Rows] = np.empty(0, np.int64)
NO_FLOATS: Final[Floats] = np.empty(0)

_COLUMNS: Final[dict[str, tuple[tuple[int, ...], type, float]]] = {
    "hash": ((), np.int64, 0),
    "listed": ((), np.bool_, 0),
    "created_at": ((), np.float64, 0),
    "first_at": ((), np.float64, np.inf),
    "liked_at": ((), np.float64, 0),
    "likes": ((), np.float64, 0),
    "actions": ((), np.float64, 0),
    "scores": ((2 * len(HALF_LIVES),), np.float64, -np.inf),
    "tags": ((TAGS,), np.int64, -1),
    "likers": ((LIKERS,), np.int64, -1),
    "slot": ((), np.int64, 0),
}


class Columns:
    """Arrays of shape (capacity, ...), of which the first `size` rows are in use."""

    hash: Rows
    """Of the id, as `Profile.seen` knows the video."""
    listed: NDArray[np.bool_]
    """Whether the video is in the catalogue."""
    created_at: Floats
    """Upload time, epoch seconds."""
    first_at: Floats
    """Event time of the first action."""
    liked_at: Floats
    """Event time of the latest first like; 0 for none."""
    likes: Floats
    """First likes."""
    actions: Floats
    """Actions of any type."""
    scores: Floats
    """Log-scores, a half-life a column: those of first likes (`liked`), then those of all actions (`shown`)."""
    tags: Rows
    """Rows of the first tags; -1 where there are fewer."""
    likers: Rows
    """Rows of the people who liked the video last, oldest first; -1 where there are fewer."""
    slot: Rows
    """Scratch: where a row stands in the list at hand."""

    def __init__(self) -> None:
        self.size = 0
        self._grow(1024)

    def add(self) -> None:
        """One more row."""
        self.size += 1
        if self.size > len(self.listed):
            self._grow(2 * self.size)

    @property
    def liked(self) -> Floats:
        """Log-scores of first likes."""
        return self.scores[:, : len(HALF_LIVES)]

    @property
    def shown(self) -> Floats:
        """Log-scores of all actions."""
        return self.scores[:, len(HALF_LIVES) :]

    def _grow(self, capacity: int) -> None:
        for name, (shape, kind, empty) in _COLUMNS.items():
            column: NDArray[Any] = np.full((capacity, *shape), empty, kind)
            old = getattr(self, name, column[:0])
            column[: len(old)] = old
            setattr(self, name, column)


def distinct(rows: Rows, slot: Rows) -> tuple[Rows, Rows]:
    """The distinct rows by where each stands last, and where each of `rows` is among them: numpy's unique, unsorted.

    >>> distinct(np.array([7, 3, 7]), slot=np.empty(8, np.int64))
    (array([3, 7]), array([1, 0, 1]))
    """
    places = np.arange(len(rows))
    slot[rows] = places
    found = rows[slot[rows] == places]
    slot[found] = places[: len(found)]
    return found, slot[rows]
