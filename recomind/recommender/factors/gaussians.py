"""Rows of independent Gaussians, updated by adding to their natural parameters.

A row belongs to one item (a video, a tag, a creator): `FACTORS` factors and a bias. The natural parameters of a
Gaussian are its precision and its precision times its mean. What examples add to them is summed in any order, so
workers learn from each other by exchanging sums.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.model.signals import FACTOR_WIDTH

WIDTH: Final = FACTOR_WIDTH
"""Values of a row: the factors, then the bias."""

FACTORS: Final = WIDTH - 1
"""Factors of a user and of an item."""

Singles = NDArray[np.float32]

MAX_GAIN: Final = 0.5
"""Largest share of a variance that one example may remove."""

MIN_DEVIATION: Final = 1e-6
"""Standard deviation of a parameter that is not used: it stays at its mean."""


def increments(mean: Singles, variance: Singles, gradient: Singles, step: float, curvature: float) -> Singles:
    """What one example adds to natural parameters: the step of `model.FactorModel.learn` in its information form.

    Args:
        mean: shape (..., WIDTH).
        variance: of the same shape.
        gradient: of the score by each parameter, of the same shape.
        step: the residual over 1 + h v.
        curvature: h over 1 + h v.

    Returns:
        Added precision, then added precision times mean, shape (2, ..., WIDTH).
    """
    gain = np.minimum(variance * gradient * gradient * curvature, MAX_GAIN)
    precision = gain / ((1 - gain) * variance)
    added = np.empty((2, *mean.shape), np.float32)
    added[0], added[1] = precision, precision * mean + gradient * step / (1 - gain)
    return added


class Gaussians:
    """A growing array of rows."""

    def __init__(self, factor_deviation: float, bias_deviation: float) -> None:
        """Create an array without rows.

        Args:
            factor_deviation: prior standard deviation of each factor; 0 if rows have no factors.
            bias_deviation: prior standard deviation of the bias.
        """
        deviations = [factor_deviation] * FACTORS + [bias_deviation]
        self._prior_variance = np.maximum(np.array(deviations, np.float32), MIN_DEVIATION) ** 2
        self._prior_mean = np.zeros((0, WIDTH), np.float32)
        self._sums = np.zeros((2, 0, WIDTH), np.float32)
        self.mean: Singles = np.zeros((0, WIDTH), np.float32)
        """Shape (capacity, WIDTH)."""
        self.variance: Singles = np.zeros((0, WIDTH), np.float32)
        """Shape (capacity, WIDTH)."""

    def reserve(self, row: int) -> None:
        """Make sure that a row exists; a new row is at its prior."""
        more = 2 * row + 64 - len(self.mean)
        if row >= len(self.mean):
            zeros = np.zeros((more, WIDTH), np.float32)
            self._prior_mean = np.vstack([self._prior_mean, zeros])
            self._sums = np.concatenate([self._sums, np.stack([zeros, zeros])], axis=1)
            self.mean = np.vstack([self.mean, zeros])
            self.variance = np.vstack([self.variance, np.tile(self._prior_variance, (more, 1))])

    def set_prior_mean(self, row: int, factors: Singles) -> None:
        """Set the prior mean of a row's factors, shape (FACTORS,)."""
        self.reserve(row)
        self._prior_mean[row, :FACTORS] = factors
        self._update(row)

    def add(self, row: int, sums: Singles) -> None:
        """Add increments to a row, shape (2, WIDTH)."""
        self._sums[:, row] += sums
        self._update(row)

    def put(self, row: int, sums: Singles) -> None:
        """Set a row to its prior and all its increments, shape (2, WIDTH)."""
        self.reserve(row)
        self._sums[:, row] = sums
        self._update(row)

    def put_many(self, rows: NDArray[np.int64], sums: Singles) -> None:
        """As `put` for many distinct rows that exist: sums of shape (rows, 2, WIDTH)."""
        added, weighted = sums[:, 0], sums[:, 1]
        self._sums[0, rows], self._sums[1, rows] = added, weighted
        prior, precision = self._prior_mean[rows], 1 / self._prior_variance + added
        self.variance[rows] = 1 / precision
        self.mean[rows] = prior + (weighted - prior * added) / precision

    def sums(self, row: int) -> Singles:
        """All increments of a row, shape (2, WIDTH)."""
        found: Singles = self._sums[:, row].copy()
        return found

    def _update(self, row: int) -> None:
        added, weighted = self._sums[:, row]
        prior = self._prior_mean[row]
        precision = 1 / self._prior_variance + added
        self.variance[row] = 1 / precision
        self.mean[row] = prior + (weighted - prior * added) / precision
