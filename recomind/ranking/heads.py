"""Short lists over the whole catalogue: what trends, what is new, the most liked of a tag.

Making one means a look at every video, so each is kept for `KEEP` changes of figures; people's own sources are
never behind.
"""

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

_NEVER: Final = -1e300

DAY: Final = HALF_LIVES.index(24 * 3600.0)


class Heads:
    """The lists, made when asked for."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._changes = 0
        self._made: dict[str | int, tuple[int, Rows]] = {}
        self._tagged: dict[int, set[int]] = {}
        self._rows_of_tag: dict[int, Rows] = {}

    def touch(self) -> None:
        """Figures have changed."""
        self._changes += 1

    def put_tags(self, row: int, tags: Rows) -> None:
        """A video has these tags: it belongs into their lists, and into that of fresh uploads, from now on."""
        self._made.pop("fresh", None)
        for tag in tags.tolist():
            self._made.pop(tag, None)
            self._rows_of_tag.pop(tag, None)
            self._tagged.setdefault(tag, set()).add(row)

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
        return self._kept("fresh", self._fresh)

    def of_tag(self, tag: int) -> Rows:
        """The most liked videos of a tag."""
        return self._kept(tag, lambda: self._of_tag(tag))

    def _kept(self, name: str | int, make: Callable[[], Rows]) -> Rows:
        at, rows = self._made.get(name, (-KEEP, None))
        if rows is None or self._changes - at >= KEEP:
            rows = make()
            self._made[name] = self._changes, rows
        return rows

    def _trending(self) -> Rows:
        size, columns = self._columns.size, self._columns
        figures = np.concatenate([columns.liked[:size], columns.shown[:size]], axis=1)
        figures[~columns.listed[:size]] = -np.inf
        best = [_largest(figures[:, column], TRENDING) for column in range(figures.shape[1])]
        return np.unique(np.concatenate(best))

    def _fresh(self) -> Rows:
        size, columns = self._columns.size, self._columns
        few = columns.listed[:size] & (columns.actions[:size] < ENOUGH)
        appeared = np.maximum(
            columns.created_at[:size], np.where(columns.actions[:size] > 0, columns.first_at[:size], 0)
        )
        rows = _largest(np.where(few, appeared, -np.inf), FRESH)
        return rows[np.argsort(-appeared[rows], kind="stable")]

    def _of_tag(self, tag: int) -> Rows:
        if tag not in self._rows_of_tag:
            self._rows_of_tag[tag] = np.array(sorted(self._tagged.get(tag, ())), np.int64)
        rows = self._rows_of_tag[tag]
        liked = np.maximum(self._columns.liked[rows, DAY], _NEVER)  # never liked is last, not left out
        return rows[_largest(liked, OF_TAG)]


def _largest(figures: NDArray[np.float64], n: int) -> Rows:
    """Where the `n` largest figures above -inf stand, in no order."""
    rows = np.argpartition(-figures, n)[:n] if len(figures) > n else np.arange(len(figures))
    return rows[figures[rows] > -np.inf]
