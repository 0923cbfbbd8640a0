"""Features of a slate's places as they were when it was ranked: an outcome is learned from them, not from later state.

A place takes `VALUES` half floats: its propensity, the blend's score less its mean over the candidates, the factor
model's score, and the mean and the variance of the item's factors.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.factors.gaussians import WIDTH, Singles
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.index.columns import Floats

VALUES: Final = 3 + 2 * WIDTH

PLACE_BYTES: Final = 2 * VALUES
"""Bytes of a place."""

_MAX: Final = 6e4
"""Bound of a value: half floats end at 65,504."""


class ShownFeatures(NamedTuple):
    """The features of one place."""

    propensity: float
    choice: float
    factors: float
    item: ItemFactors


def pack(propensities: Floats, choice: Floats, factors: Singles, items: ItemFactors) -> bytes:
    """Pack the features of places: arrays of shape (places,), and items of shape (places, WIDTH)."""
    columns = np.column_stack([propensities, choice, factors, items.mean, items.variance])
    packed: bytes = np.clip(columns, -_MAX, _MAX).astype("<f2").tobytes()
    return packed


def unpack(packed: bytes, place: int) -> ShownFeatures | None:
    """The features of a place, 0 for the first; None if they are missing or no finite numbers."""
    if len(packed) < (place + 1) * PLACE_BYTES:
        return None
    values = np.frombuffer(packed, "<f2", VALUES, place * PLACE_BYTES).astype(np.float32)
    if not np.isfinite(values).all():
        return None
    propensity, choice, factors = values[:3].tolist()
    return ShownFeatures(propensity, choice, factors, ItemFactors(values[3 : 3 + WIDTH], values[3 + WIDTH :]))
