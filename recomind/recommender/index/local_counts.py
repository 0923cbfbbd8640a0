"""What the videos of an index have counted in local contexts: the effects of these, and what is popular in a country.

Each worker keeps the counts of all videos that have any (see `recomind.state.local_counts`).
"""

from heapq import nlargest
from typing import Final

from recomind.recommender.index.columns import Columns
from recomind.recommender.index.local_effects import LocalEffects
from recomind.recommender.index.top_k import TopK
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCounts

MAX_POPULAR: Final = 200
"""Popular videos of a country that are found."""


class LocalIndex:
    """The counts of the videos of an index."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._by_row: dict[int, LocalCounts] = {}
        self.effects = LocalEffects(columns)
        """Of countries and quarters of the day on tags."""
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
        self.effects.put(row, counts.shown, before.shown)
        for country in before.scores.keys() - counts.scores.keys():
            self._scores[country].pop(row, None)
            self._tops.pop(country, None)
        for country, score in counts.scores.items():
            self._set_score(country, row, score)

    def note_tags(self, row: int) -> None:
        """Note that the tags of a video have changed."""
        self.effects.mark_changed(len(self.of(row).shown))

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
