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
from recomind.recommender.index.top_k import TopK
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCount, LocalCounts

MAX_TABLES: Final = 512
"""Local contexts, countries and quarters with a table, the first to come; those of a hundred countries."""

MAX_POPULAR: Final = 200
"""Popular videos of a country that are found."""

_COUNTS: Final = 3
_NOTHING: Final[LocalCount] = (0, 0, 0.0)


class LocalSums:
    """The sums of this worker's index."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._by_row: dict[int, LocalCounts] = {}
        self._tables: dict[str, Floats] = {}
        """Local context to impressions, likes and expected likes by tag, shape (3, tags)."""
        self._scores: dict[str, dict[int, float]] = {}
        """Country to the log-scores of first likes by row."""
        self._tops: dict[str, TopK[int]] = {}
        """Country to its popular videos, as far as they have been asked for and no score has fallen since."""

    def put(self, row: int, counts: LocalCounts) -> None:
        """Set a video's counts."""
        before = self._by_row.get(row, NO_LOCAL_COUNTS)
        if counts == before:
            return
        self._by_row[row] = counts
        self._add(row, _difference(counts.shown, before.shown), 1)
        for country in before.scores.keys() - counts.scores.keys():
            self._scores[country].pop(row, None)
            self._tops.pop(country, None)
        for country, score in counts.scores.items():
            self._set_score(country, row, score)

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

        Shape (3, tags), with more or fewer tags than there are.
        """
        return self._tables.get(key)

    def of(self, row: int) -> LocalCounts:
        """The counts of one video."""
        return self._by_row.get(row, NO_LOCAL_COUNTS)

    def popular(self, country: str) -> list[int]:
        """The listed videos with the most likes in a country with a half-life of a day, best first.

        They are those of the first `MAX_POPULAR` that are listed.
        """
        scores = self._scores.get(country)
        if scores is None:
            return []
        if country not in self._tops:
            self._tops[country] = TopK(
                lambda rows: nlargest(MAX_POPULAR, rows, key=lambda row: (scores[row], -row)), scores
            )
        return [row for row in self._tops[country].refresh() if self._columns.listed[row]]

    def _set_score(self, country: str, row: int, score: float) -> None:
        scores, top = self._scores.setdefault(country, {}), self._tops.get(country)
        if top is not None and score < scores.get(row, score):
            del self._tops[country]
        elif top is not None:
            top.mark_changed(row)
        scores[row] = score

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
        if tag >= table.shape[1]:
            table = np.concatenate([table, np.zeros((_COUNTS, tag + 64))], axis=1)
            self._tables[name] = table
        return table


def _difference(counts: Mapping[str, LocalCount], before: Mapping[str, LocalCount]) -> dict[str, LocalCount]:
    """What counts add to earlier ones, where they differ."""
    changed = [key for key in dict.fromkeys((*before, *counts)) if counts.get(key) != before.get(key)]
    pairs = [(key, counts.get(key, _NOTHING), before.get(key, _NOTHING)) for key in changed]
    return {key: (new[0] - old[0], new[1] - old[1], new[2] - old[2]) for key, new, old in pairs}
