"""Neighbours of many videos at once, as arrays, so that a source is a few sums over all pairs."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.state.neighbours import EPOCH_S, HALF_LIFE_S, WEIGHT_UNIT, Neighbours

_NO_NEIGHBOURS: Final = Neighbours()
_NOT_CACHED: Final[tuple[tuple[str, ...], Rows]] = (), NO_ROWS


class NeighbourArrays(NamedTuple):
    """The neighbours of some videos, the seeds: one entry a pair (seed, neighbour), the pairs of the first seed first.

    Weights are sums of 1/distance over pairs of a user's likes: 1 for adjacent ones (see `state.neighbours`).
    """

    rows: Rows
    """The neighbour, shape (pairs,)."""
    after: Floats
    """Weight of the neighbour liked after the seed, shape (pairs,)."""
    before: Floats
    """Weight of the neighbour liked before the seed, shape (pairs,)."""
    recent_after: Floats
    """As `after`, decayed, in units of the seed's epoch, shape (pairs,)."""
    outgoing_weights: Floats
    """Sum of `recent_after` over all that was ever a neighbour of the seed, in the same units, shape (seeds,)."""
    epochs: Rows
    """The seeds' epochs, shape (seeds,)."""
    pair_counts: Rows
    """Number of pairs of each seed, shape (seeds,)."""

    def expand(self, values: Floats) -> Floats:
        """Repeat a value per seed, shape (seeds,), for each of its pairs: shape (pairs,)."""
        return np.repeat(values, self.pair_counts)

    def decay_factors(self, now: float) -> Floats:
        """What to multiply weights in a seed's epoch units by, to get pairs decayed to `now`: shape (seeds,)."""
        return epoch_decay(self.epochs, now) / WEIGHT_UNIT


def epoch_decay(epochs: Rows | int, now: float) -> Floats:
    """What weights in units of epochs are multiplied by to decay them to `now`: of the shape of `epochs`.

    A worker that has just started may not know the time yet: weights do not grow where `now` is before them.
    """
    decay: Floats = 2.0 ** np.minimum((epochs * EPOCH_S - now) / HALF_LIFE_S, 0.0)
    return decay


class NeighbourIndex:
    """Videos' neighbours by row. The rows of a video's neighbours are cached until its neighbours change."""

    def __init__(self, rows_of: Callable[[Sequence[str]], Rows]) -> None:
        self._rows_of = rows_of
        self._neighbours: dict[int, Neighbours] = {}
        self._rows: dict[int, tuple[tuple[str, ...], Rows]] = {}

    def set_neighbours(self, row: int, neighbours: Neighbours) -> None:
        """Replace a video's neighbours."""
        self._neighbours[row] = neighbours

    def arrays_of(self, seeds: Sequence[int]) -> NeighbourArrays:
        """The neighbours of the videos in these rows."""
        known = [self._neighbours.get(seed, _NO_NEIGHBOURS) for seed in seeds]
        rows = [self._neighbour_rows(seed, one.video_ids) for seed, one in zip(seeds, known, strict=True)]
        packed = np.frombuffer(b"".join([one.weights for one in known]), "<u4")
        weights = packed.reshape(-1, 3).T.astype(float, order="C")
        return NeighbourArrays(
            np.concatenate([NO_ROWS, *rows]),
            weights[0] / WEIGHT_UNIT,
            weights[1] / WEIGHT_UNIT,
            weights[2],
            np.array([one.outgoing_weight for one in known], float),
            np.array([one.epoch for one in known], np.int64),
            np.array([len(one) for one in rows], np.int64),
        )

    def _neighbour_rows(self, seed: int, video_ids: tuple[str, ...]) -> Rows:
        cached_ids, rows = self._rows.get(seed, _NOT_CACHED)
        if video_ids != cached_ids:
            unchanged = len(cached_ids) if video_ids[: len(cached_ids)] == cached_ids else 0  # new ones are appended
            rows = np.concatenate([rows[:unchanged], self._rows_of(video_ids[unchanged:])])
            self._rows[seed] = video_ids, rows
        return rows
