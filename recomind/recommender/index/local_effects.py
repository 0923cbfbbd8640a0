"""How much better tags do in a country and at a quarter of the day: a ridge regression on the counts of all videos.

A cell is a video in a local context, with n impressions, y likes and e likes that were expected without the context
(see `recomind.state.local_counts`). The log odds of a like in it are

    log(e / (n - e)) + the mean over the video's tags of (effect of the country + at the quarter + of both)

An effect of a tag is Gaussian with mean 0 before the first impression, so it is 0 where nothing is known. That of both
is small unless country and quarter do not explain what happens: it backs off to them. Each step is one of Newton's
method with a bound of the curvature in place of the curvature, a coordinate at a time as if it were alone (a
majorisation, as in De Leeuw and Lange, 2009), so that no step makes the fit worse. The fit starts from the last one.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from recomind.model.local_context import country_of, quarter_of
from recomind.recommender.index.columns import Columns, Floats, Rows, largest
from recomind.state.local_counts import LocalCount

MAX_EFFECTS: Final = 512
"""Countries, quarters and both together that have effects, the first to come; those of a hundred countries."""

DEVIATIONS: Final = (0.7, 0.7, 0.3)
"""Prior standard deviation of an effect of a country, at a quarter, and of both."""

MAX_CELLS: Final = 100_000
"""Cells that are fitted, those with the most impressions: it takes a tenth of a second."""

SWEEPS: Final = 3
"""Steps of a fit."""

FIRST_SWEEPS: Final = 20
"""Steps of the first fit, which starts from nothing, and of a fit to few cells."""

FEW_CELLS: Final = 1_000

CHANGED_SHARE: Final = 1 / 16
"""Share of the cells that change before the effects are fitted again."""

KINDS: Final = 3
_NONE: Final = -1


class _Cells(NamedTuple):
    """What is fitted: cells, and the (cell, tag) pairs in them."""

    impressions: Floats
    likes: Floats
    expected: Floats
    """Log odds, shape (cells,)."""
    effects: Rows
    """Numbers of effects by kind, shape (cells, KINDS)."""
    cell: Rows
    """Of each pair."""
    tag: Rows
    """Of each pair."""
    share: Floats
    """One over the number of tags of the cell, of each pair."""


class LocalEffects:
    """The cells of an index, and the effects that were fitted to them."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._positions: dict[tuple[int, str], int] = {}
        self._rows: Rows = np.zeros(0, np.int64)
        self._keys: Rows = np.zeros((0, KINDS), np.int64)
        """Effects of each cell by kind."""
        self._counts: Floats = np.zeros((0, 3))
        self._names: dict[str, int] = {}
        """Country, quarter or local context to its number."""
        self._means: Floats = np.zeros((0, 0))
        """Shape (effects, tags)."""
        self._changed = 0

    def put(self, row: int, counts: Mapping[str, LocalCount], before: Mapping[str, LocalCount]) -> None:
        """Set the counts of a video, whose earlier ones are `before`."""
        for key in dict.fromkeys((*before, *counts)):
            count = counts.get(key, (0, 0, 0.0))
            if count != before.get(key):
                position = self._position(row, key)  # which may replace the array
                self._counts[position] = count
                self._changed += 1

    def mark_changed(self, cells: int) -> None:
        """Note that the tags of a video with so many cells have changed."""
        self._changed += cells

    def knows(self, name: str) -> bool:
        """Whether anything has been counted in a country, at a quarter or in a local context."""
        return name in self._names

    def of(self, local: str, tags: int) -> Floats:
        """The effects of the first `tags` tags in a local context, shape (KINDS, tags)."""
        if self._changed > CHANGED_SHARE * len(self._positions):
            self._fit()
            self._changed = 0
        found = np.zeros((KINDS, tags))
        for kind, name in enumerate(_names_of(local)):
            number = self._names.get(name, _NONE)
            if 0 <= number < len(self._means):
                known = self._means[number, :tags]
                found[kind, : len(known)] = known
        return found

    def _position(self, row: int, key: str) -> int:
        position = self._positions.get((row, key))
        if position is None:
            position = self._positions[row, key] = len(self._positions)
            if position == len(self._rows):
                more = position + 256
                self._rows = np.concatenate([self._rows, np.zeros(more, np.int64)])
                self._keys = np.concatenate([self._keys, np.full((more, KINDS), _NONE)])
                self._counts = np.concatenate([self._counts, np.zeros((more, 3))])
            self._rows[position] = row
            self._keys[position] = [self._number(name) for name in _names_of(key)]
        return position

    def _number(self, name: str) -> int:
        if name and name not in self._names and len(self._names) < MAX_EFFECTS:
            self._names[name] = len(self._names)
        return self._names.get(name, _NONE)

    def _fit(self) -> None:
        cells = self._cells()
        size = len(self._names), int(self._columns.tags.max(initial=-1)) + 1
        before, known = np.zeros(size), self._means[:, : size[1]]
        before[: known.shape[0], : known.shape[1]] = known
        self._means = np.zeros(size)
        parts = [_Part(cells, kind, before) for kind in range(KINDS)]
        total = sum([one.total() for one in parts], np.zeros(len(cells.likes)))
        for _ in range(SWEEPS if known.size and len(cells.likes) > FEW_CELLS else FIRST_SWEEPS):
            for one in parts:
                total += one.step(total)
        for one in parts:
            one.store(self._means)

    def _cells(self) -> _Cells:
        """The cells that are fitted: those with impressions and tags."""
        positions = np.flatnonzero(self._counts[: len(self._positions), 0] > 0)
        if len(positions) > MAX_CELLS:
            positions = positions[largest(self._counts[positions, 0], MAX_CELLS)]
        positions = positions[self._columns.tag_count[self._rows[positions]] > 0]
        rows = self._rows[positions]
        tags, count = self._columns.tags[rows], self._columns.tag_count[rows].astype(float)
        impressions, likes, expected = self._counts[positions].T
        rate = np.clip(expected / impressions, 1e-3, 1 - 1e-3)
        cell, slot = np.nonzero(tags >= 0)
        log_odds = np.log(rate / (1 - rate))
        likes = np.minimum(likes, impressions)
        return _Cells(impressions, likes, log_odds, self._keys[positions], cell, tags[cell, slot], 1 / count[cell])


class _Part:
    """The effects of one kind while they are fitted."""

    def __init__(self, cells: _Cells, kind: int, means: Floats) -> None:
        """Start from earlier effects, shape (effects, tags)."""
        self._cells = cells
        effects = cells.effects[cells.cell, kind]
        has_effect = effects >= 0
        self._cell, self._share = cells.cell[has_effect], cells.share[has_effect]
        flat = effects[has_effect] * means.shape[1] + cells.tag[has_effect]
        self._which, self._inverse = np.unique(flat, return_inverse=True)
        self._values: Floats = means.ravel()[self._which]
        """The effects of this kind that any cell has."""
        self._precision = 1 / DEVIATIONS[kind] ** 2

    def total(self) -> Floats:
        """What the effects add to the log odds of each cell, shape (cells,)."""
        return self._of_cells(self._values)

    def step(self, total: Floats) -> Floats:
        """Move the effects by a step; returns what that adds to the log odds of each cell, shape (cells,).

        Args:
            total: what all effects add to these, shape (cells,).
        """
        cells = self._cells
        chance = 1 / (1 + np.exp(-(cells.expected + total)))
        residual, curvature = cells.likes - cells.impressions * chance, cells.impressions * chance * (1 - chance)
        gradient = self._of_effects(residual) - self._precision * self._values
        moved: Floats = gradient / (self._of_effects(curvature) + self._precision)
        moved = np.clip(moved, -1.0, 1.0)
        self._values = self._values + moved
        return self._of_cells(moved)

    def store(self, means: Floats) -> None:
        """Write the effects into an array of shape (effects, tags)."""
        means.ravel()[self._which] = self._values

    def _of_cells(self, by_effect: Floats) -> Floats:
        found = np.bincount(self._cell, by_effect[self._inverse] * self._share, len(self._cells.likes))
        return found.astype(float)

    def _of_effects(self, by_cell: Floats) -> Floats:
        found = np.bincount(self._inverse, by_cell[self._cell] * self._share, len(self._which))
        return found.astype(float)


def _names_of(local: str) -> tuple[str, str, str]:
    """The country, the quarter and both together, each empty if it is not known; as keys of effects."""
    country, quarter = country_of(local), quarter_of(local)
    return country, quarter, local if country and quarter else ""
