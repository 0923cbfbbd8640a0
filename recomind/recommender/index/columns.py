"""Properties of all videos as columns that grow as rows are added, and scratch space of the same length."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from recomind.state.neighbours import MAX_LIKERS
from recomind.state.popularity import HALF_LIVES_S

TAGS_PER_VIDEO: Final = 8
"""Ranking reads a video's first tags, at most this many."""

Rows = NDArray[np.int64]
"""Row numbers of videos or of users."""

Floats = NDArray[np.float64]

Floating = TypeVar("Floating", np.float32, np.float64)

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
    "shown": ((2,), np.float64, 0),
    "duration_ms": ((), np.int64, 0),
    "watched": ((2,), np.float64, 0),
    "scores": ((2 * len(HALF_LIVES_S),), np.float64, -np.inf),
    "tags": ((TAGS_PER_VIDEO,), np.int64, -1),
    "tag_count": ((), np.float32, 0),
    "creator": ((), np.int64, -1),
    "likers": ((MAX_LIKERS,), np.int64, -1),
    "scratch_index": ((), np.int64, 0),
    "language": ((), np.int64, -1),
    "age_rating": ((), np.float64, 0),
    "duration_s": ((), np.float64, np.nan),
    "is_restricted": ((), np.bool_, 0),
}
"""Column to the shape of a value, its type, and its value in a new row."""


class Columns:
    """Arrays of shape (capacity, ...), of which the first `size` rows are in use."""

    hash: Rows
    """Hash of the video id, as in `Profile.seen`."""
    listed: NDArray[np.bool_]
    """Whether the video is in the catalogue."""
    created_at: Floats
    """Upload time, epoch seconds."""
    first_at: Floats
    """Event time of the first action; infinity for none."""
    liked_at: Floats
    """Event time of the latest first like; 0 for none."""
    likes: Floats
    """First likes."""
    actions: Floats
    """Actions of any type."""
    shown: Floats
    """Impressions in served lists, and those that were liked; set by `ShownCounts`."""
    duration_ms: Rows
    """How long the video is, by the catalogue; 0 where it does not say. Set by `WatchTimes`."""
    watched: Floats
    """Views and skips whose watch time is known, and the sum of their quantiles; set by `WatchTimes`."""
    scores: Floats
    """Log-scores, a half-life a column: `like_scores`, then `action_scores`."""
    tags: Rows
    """Numbers of the first tags; -1 where there are fewer. Set by `set_tags`."""
    tag_count: NDArray[np.float32]
    """How many of them there are."""
    creator: Rows
    """Number of the creator; -1 for none."""
    likers: Rows
    """Rows of the users who liked the video last, oldest first; -1 where there are fewer."""
    scratch_index: Rows
    """Scratch space: the position of a row in an array of rows; valid only within a function."""
    language: Rows
    """Number of the language; -1 for none. Set by `MetadataIndex`, as are those below."""
    age_rating: Floats
    """Least age of viewers, years."""
    duration_s: Floats
    """Length, seconds; NaN if it is not known."""
    is_restricted: NDArray[np.bool_]
    """Whether the video may be shown in some countries only."""

    def __init__(self) -> None:
        self.size = 0
        self.most_tags = 0
        """The largest `tag_count` that a row has had."""
        self._grow(1024)

    def add_row(self) -> None:
        """Add a row with empty values."""
        self.size += 1
        if self.size > len(self.listed):
            self._grow(2 * self.size)

    def set_tags(self, row: int, tags: Sequence[int]) -> None:
        """Set the tags of a video: the numbers of the first `TAGS_PER_VIDEO` count."""
        first = tags[:TAGS_PER_VIDEO]
        self.tags[row, : len(first)], self.tags[row, len(first) :] = first, -1
        self.tag_count[row] = len(first)
        self.most_tags = max(self.most_tags, len(first))

    def mean_over_tags(self, by_tag: NDArray[Floating], rows: Rows | slice) -> NDArray[Floating]:
        """The mean of values over the tags of each video, 0 without tags: shape (..., rows).

        Tags are added up place by place, as sums along a short axis are slow.

        Args:
            by_tag: the values of each tag by its number, shape (..., tags).
            rows: of the videos.
        """
        padded, tags = np.zeros((*by_tag.shape[:-1], by_tag.shape[-1] + 1), by_tag.dtype), self.tags[rows]
        padded[..., :-1] = by_tag
        found: NDArray[Floating] = padded.take(tags[:, 0], axis=-1)
        for place in range(1, self.most_tags):
            found += padded.take(tags[:, place], axis=-1)
        found /= np.maximum(self.tag_count[rows], 1)
        return found

    @property
    def like_scores(self) -> Floats:
        """Log-scores of first likes."""
        return self.scores[:, : len(HALF_LIVES_S)]

    @property
    def action_scores(self) -> Floats:
        """Log-scores of all actions."""
        return self.scores[:, len(HALF_LIVES_S) :]

    def _grow(self, capacity: int) -> None:
        for name, (shape, kind, empty) in _COLUMNS.items():
            column: NDArray[Any] = np.full((capacity, *shape), empty, kind)
            old = getattr(self, name, column[:0])
            column[: len(old)] = old
            setattr(self, name, column)


def largest(values: Floats, n: int) -> Rows:
    """The indices of the `n` largest values above -inf, in no order.

    The n-th largest of the maxima of 2 n groups of values is a lower bound of what is looked for, so that most values
    are compared once.

    >>> sorted(largest(np.array([3.0, 1.0, -np.inf, 2.0]), 2).tolist())
    [0, 3]
    """
    indices, groups = np.arange(len(values)), 2 * n
    if len(values) >= 4 * groups:
        maxima = values[: len(values) // groups * groups].reshape(-1, groups).max(axis=0)
        indices = np.flatnonzero(values >= np.partition(maxima, groups - n)[groups - n])
    if len(indices) > n:
        indices = indices[np.argpartition(-values[indices], n)[:n]]
    return indices[values[indices] > -np.inf]


def distinct(rows: Rows, scratch_index: Rows) -> tuple[Rows, Rows]:
    """Like `np.unique(rows, return_inverse=True)`, but in the order of last occurrence.

    >>> distinct(np.array([7, 3, 7]), scratch_index=np.empty(8, np.int64))
    (array([3, 7]), array([1, 0, 1]))
    """
    positions = np.arange(len(rows))
    scratch_index[rows] = positions
    unique = rows[scratch_index[rows] == positions]
    scratch_index[unique] = positions[: len(unique)]
    return unique, scratch_index[rows]
