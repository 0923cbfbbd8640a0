"""Videos' company as arrays: the neighbours of many videos at once, so that a source is a few sums over all of them."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Floats, Rows
from recomind.state.neighbours import EPOCH, HALF_LIFE, UNIT, Neighbours

_NOBODY: Final = Neighbours()
_UNKNOWN: Final[tuple[tuple[str, ...], Rows]] = (), np.empty(0, np.int64)


class Company(NamedTuple):
    """The neighbours of some videos, the seeds: all pairs of the first seed, then those of the next."""

    rows: Rows
    """The other video of each pair, shape (pairs,)."""
    after: Floats
    """How often it was liked after the seed, in pairs of neighbours, shape (pairs,)."""
    before: Floats
    """How often it was liked before the seed, likewise."""
    lately: Floats
    """As `after`, of late; in the units of the seed's epoch (see `state.neighbours`)."""
    left: Floats
    """The sum of all that people lately liked after each seed, in the same units, shape (seeds,)."""
    epochs: Rows
    """Of the seeds, shape (seeds,)."""
    sizes: Rows
    """How many pairs each seed has, shape (seeds,)."""

    def for_pairs(self, figures: Floats) -> Floats:
        """A figure a seed, repeated for each of its pairs: shape (pairs,)."""
        return np.repeat(figures, self.sizes)

    def worth(self, now: float) -> Floats:
        """What one in the units of each seed's epoch is worth at `now`, in pairs of neighbours: shape (seeds,)."""
        shares: Floats = 2.0 ** ((self.epochs * EPOCH - now) / HALF_LIFE) / UNIT
        return shares


class Companies:
    """Videos' neighbours by row. Their arrays are made when they are asked for, from what has changed."""

    def __init__(self, rows_of: Callable[[Sequence[str]], Rows]) -> None:
        self._rows_of = rows_of
        self._neighbours: dict[int, Neighbours] = {}
        self._rows: dict[int, tuple[tuple[str, ...], Rows]] = {}

    def put(self, row: int, neighbours: Neighbours) -> None:
        """A video's neighbours from now on."""
        self._neighbours[row] = neighbours

    def of(self, seeds: Sequence[int]) -> Company:
        """The company of some videos, given by their rows."""
        known = [self._neighbours.get(seed, _NOBODY) for seed in seeds]
        rows = [self._others(seed, one.others) for seed, one in zip(seeds, known, strict=True)]
        packed = np.frombuffer(b"".join([one.weights for one in known]), "<u4")
        weights = packed.reshape(-1, 3).T.astype(float, order="C")
        return Company(
            np.concatenate([_UNKNOWN[1], *rows]),
            weights[0] / UNIT,
            weights[1] / UNIT,
            weights[2],
            np.array([one.left for one in known], float),
            np.array([one.epoch for one in known], np.int64),
            np.array([len(one) for one in rows], np.int64),
        )

    def _others(self, seed: int, others: tuple[str, ...]) -> Rows:
        known, rows = self._rows.get(seed, _UNKNOWN)
        if others != known:
            kept = len(known) if others[: len(known)] == known else 0  # new ones come last
            rows = np.concatenate([rows[:kept], self._rows_of(others[kept:])])
            self._rows[seed] = others, rows
        return rows
