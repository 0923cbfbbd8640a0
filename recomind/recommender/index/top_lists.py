"""Short lists over the whole catalogue: what trends, what is new, the most liked of a tag.

Log-scores only grow (but see `Heads.forget`), and their order holds at any time (see `state.popularity`), so a list's
next best are among its own and what has changed since it was made: making it again takes no look at every video. Even
so each is kept for `KEEP` changes of figures; people's own sources are never behind.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from recomind.recommender.index.columns import Columns, Floats, Rows
from recomind.state.popularity import HALF_LIVES

KEEP: Final = 64
"""Changes of figures after which the lists are made again."""

TRENDING: Final = 60
"""Videos of a trending list."""

FRESH: Final = 30
"""Videos of the list of fresh uploads."""

OF_TAG: Final = 30
"""Videos of a tag's list."""

ENOUGH: Final = 20
"""A video with so many actions is no longer fresh: its own figures speak for it."""

POOL: Final = 4 * FRESH
"""Fresh uploads that are kept in reserve, for those that are no longer fresh."""

_NEVER: Final = -1e300

_OF_ALL: Final = ("trending", "fresh")
"""The lists that any video may be in."""

DAY: Final = HALF_LIVES.index(24 * 3600.0)


class _Head(msgspec.Struct):
    """A list as it was made."""

    rows: Rows
    due: int
    """It is made again once figures, of any videos, have changed so many times."""
    changed: set[int] = set()
    """Rows of its videos, and of those that may come in, whose figures have changed since."""


class Heads:
    """The lists, made when asked for."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._changes = 0
        self._made: dict[str | int, _Head] = {}
        """By name, or by tag."""
        self._tagged: defaultdict[int, set[int]] = defaultdict(set)
        self._names: dict[int, tuple[str | int, ...]] = {}
        """The lists that a row may be in, where it has tags."""

    def touch(self, *rows: int) -> None:
        """Videos' figures have changed."""
        self._changes += len(rows)
        for row in rows:
            for name in self._names.get(row, _OF_ALL):
                if name in self._made:
                    self._made[name].changed.add(row)

    def forget(self) -> None:
        """Make all lists anew, from all videos: a score has fallen."""
        self._made.clear()

    def put_tags(self, row: int, tags: Sequence[int]) -> None:
        """A video has these tags: it belongs into their lists, and into that of fresh uploads, from now on."""
        self._names[row] = (*_OF_ALL, *tags)
        self.touch(row)
        for name in ("fresh", *tags):
            if name in self._made:
                self._made[name].due = 0
        for tag in tags:
            self._tagged[tag].add(row)

    def trending(self) -> Rows:
        """The most liked and the most shown videos at every half-life, together."""
        return self._kept("trending", self._trending)

    def popular(self, n: int) -> Rows:
        """The most liked videos with a half-life of a day, best first; as of now."""
        columns = self._columns
        scores = np.where(columns.listed[: columns.size], columns.liked[: columns.size, DAY], -np.inf)
        order = np.argsort(-scores, kind="stable")[:n]
        return order[scores[order] > -np.inf]

    def fresh(self) -> Rows:
        """The latest uploads with few actions, newest first."""
        return self._kept("fresh", self._fresh)[:FRESH]

    def of_tag(self, tag: int) -> Rows:
        """The most liked videos of a tag."""
        return self._kept(tag, lambda rows: self._of_tag(tag, rows))

    def _kept(self, name: str | int, make: Callable[[Rows | None], Rows]) -> Rows:
        """A list; made again where it is due: from these rows or, given None, from all videos."""
        head = self._made.get(name)
        if head is None or self._changes >= head.due:
            near = None if head is None else np.array(sorted(head.changed.union(head.rows.tolist())), np.int64)
            head = self._made[name] = _Head(make(near), self._changes + KEEP)
        return head.rows

    def _all(self) -> Rows:
        return np.arange(self._columns.size)

    def _trending(self, near: Rows | None) -> Rows:
        rows = self._all() if near is None else near
        scores = self._columns.scores[rows]
        scores[~self._columns.listed[rows]] = -np.inf
        best = [_largest(scores[:, column], TRENDING) for column in range(scores.shape[1])]
        return rows[np.unique(np.concatenate(best))]

    def _fresh(self, near: Rows | None) -> Rows:
        """With a reserve."""
        rows, columns = self._all() if near is None else near, self._columns
        few = columns.listed[rows] & (columns.actions[rows] < ENOUGH)
        appeared = np.maximum(columns.created_at[rows], np.where(columns.actions[rows] > 0, columns.first_at[rows], 0))
        best = _largest(np.where(few, appeared, -np.inf), POOL)
        if near is not None and len(best) < FRESH:
            return self._fresh(None)
        return rows[best[np.argsort(-appeared[best], kind="stable")]]

    def _of_tag(self, tag: int, near: Rows | None) -> Rows:
        rows = np.array(sorted(self._tagged[tag]), np.int64) if near is None else near
        liked = np.maximum(self._columns.liked[rows, DAY], _NEVER)  # never liked is last, not left out
        return rows[_largest(liked, OF_TAG)]


def _largest(figures: Floats, n: int) -> Rows:
    """Where the `n` largest figures above -inf stand, in no order."""
    rows = np.argpartition(-figures, n)[:n] if len(figures) > n else np.arange(len(figures))
    return rows[figures[rows] > -np.inf]
