"""How often videos were shown and liked in each local context: sums over the videos of each tag.

Each worker adds up tags itself, from the counts of all videos (see `recomind.state.local_counts`). A count in `DE3`
is in three tables: of `DE3`, of `DE` and of `3`. A table takes 24 bytes a tag.
"""

from collections.abc import Mapping
from heapq import nlargest
from typing import Final

import numpy as np

from recomind.model.local_context import country_of, quarter_of
from recomind.recommender.index.columns import Columns, Floats
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCount, LocalCounts

MAX_TABLES: Final = 512
"""Local contexts, countries and quarters with a table, the first to come; those of a hundred countries."""

_COUNTS: Final = 3
_NOTHING: Final[LocalCount] = (0, 0, 0.0)


class LocalSums:
    """The sums of this worker's index."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._by_row: dict[int, LocalCounts] = {}
        self._tables: dict[str, Floats] = {}
        """Local context to impressions, likes and expected likes by tag, shape (3, tags + 1); the last for no tag."""
        self._scores: dict[str, dict[int, float]] = {}
        """Country to the log-scores of first likes by row."""

    def put(self, row: int, counts: LocalCounts) -> None:
        """Set a video's counts."""
        before = self._by_row.get(row, NO_LOCAL_COUNTS)
        if counts == before:
            return
        self._by_row[row] = counts
        self._add(row, counts.shown, 1)
        self._add(row, before.shown, -1)
        for country in before.scores.keys() - counts.scores.keys():
            self._scores[country].pop(row, None)
        for country, score in counts.scores.items():
            self._scores.setdefault(country, {})[row] = score

    def take_out(self, row: int) -> None:
        """Take a video out of the sums of its tags, before these change; `bring_back` has to follow."""
        if row in self._by_row:
            self._add(row, self._by_row[row].shown, -1)

    def bring_back(self, row: int) -> None:
        """Add a video to the sums of its tags again."""
        if row in self._by_row:
            self._add(row, self._by_row[row].shown, 1)

    def by_tag(self, key: str) -> Floats | None:
        """Impressions, likes and expected likes of each tag in a local context; None before the first.

        Shape (3, tags + 1), of which the last column, 0, is that of no tag.
        """
        return self._tables.get(key)

    def of(self, row: int) -> LocalCounts:
        """The counts of one video."""
        return self._by_row.get(row, NO_LOCAL_COUNTS)

    def popular(self, country: str, n: int) -> list[int]:
        """The `n` listed videos with the most likes in a country with a half-life of a day, best first."""
        listed, scores = self._columns.listed, self._scores.get(country, {})
        return nlargest(n, (row for row in scores if listed[row]), key=lambda row: (scores[row], -row))

    def _add(self, row: int, shown: Mapping[str, LocalCount], sign: int) -> None:
        tags = self._columns.tags[row]
        tags = tags[tags >= 0]
        if not len(tags):
            return
        for key, count in shown.items():
            change = sign * np.array(count, float)[:, None]
            for name in dict.fromkeys((key, country_of(key), quarter_of(key))):
                if name and (table := self._table(name, int(tags.max()))) is not None:
                    table[:, tags] += change

    def _table(self, name: str, tag: int) -> Floats | None:
        """The table of a local context with room for a tag; None if there are too many tables."""
        table = self._tables.get(name)
        if table is None:
            if len(self._tables) >= MAX_TABLES:
                return None
            table = self._tables[name] = np.zeros((_COUNTS, tag + 64))
        if tag >= table.shape[1] - 1:
            table = np.concatenate([table, np.zeros((_COUNTS, tag + 64))], axis=1)
            self._tables[name] = table
        return table
