"""Short lists over the whole catalogue: what trends, what is new, the most liked of a tag.

Log-scores only grow (but see `Heads.forget`), and their order holds at any time (see `state.popularity`), so a list's
next best are among its own and what has changed since it was made: making it again takes no look at every video. Even
so each is kept for `KEEP` changes of figures; people's own sources are never behind.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.ranking.columns import Columns
from recomind.state.popularity import HALF_LIVES

Rows = NDArray[np.int64]

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

REMEMBERED: Final = 4096
"""Changes that are remembered; a list older than that is made from all videos."""

_NEVER: Final = -1e300

DAY: Final = HALF_LIVES.index(24 * 3600.0)


class Heads:
    """The lists, made when asked for."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._changed: list[int] = []
        self._forgotten = 0
        self._made: dict[str | int, tuple[int, Rows]] = {}
        self._due: set[str | int] = set()
        self._tagged: defaultdict[int, set[int]] = defaultdict(set)

    def touch(self, *rows: int) -> None:
        """Videos' figures have changed."""
        self._changed += rows
        if len(self._changed) > 2 * REMEMBERED:
            self._forgotten += len(self._changed) - REMEMBERED
            del self._changed[:-REMEMBERED]

    def forget(self) -> None:
        """Make all lists anew, from all videos: a score has fallen."""
        self._made.clear()

    def put_tags(self, row: int, tags: Rows) -> None:
        """A video has these tags: it belongs into their lists, and into that of fresh uploads, from now on."""
        self.touch(row)
        self._due.update(("fresh", *tags.tolist()))
        for tag in tags.tolist():
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
        at, rows = self._made.get(name, (-KEEP, None))
        now = self._forgotten + len(self._changed)
        if rows is None or now - at >= KEEP or name in self._due:
            near = None if rows is None else self._since(at, rows)
            rows = make(near)
            self._made[name] = now, rows
            self._due.discard(name)
        return rows

    def _since(self, at: int, rows: Rows) -> Rows | None:
        """Rows and those that have changed since; None where that is forgotten."""
        if at < self._forgotten:
            return None
        return np.unique(np.array([*rows.tolist(), *self._changed[at - self._forgotten :]], np.int64))

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
        tagged = self._tagged[tag]
        rows = np.array(sorted(tagged if near is None else tagged.intersection(near.tolist())), np.int64)
        liked = np.maximum(self._columns.liked[rows, DAY], _NEVER)  # never liked is last, not left out
        return rows[_largest(liked, OF_TAG)]


def _largest(figures: NDArray[np.float64], n: int) -> Rows:
    """Where the `n` largest figures above -inf stand, in no order."""
    rows = np.argpartition(-figures, n)[:n] if len(figures) > n else np.arange(len(figures))
    return rows[figures[rows] > -np.inf]
