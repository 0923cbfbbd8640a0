"""Features of a slate's places as they were when it was ranked: an outcome is learned from them, not from later state.

A place takes `VALUES` half floats: its propensity, the blend's score less its mean over the candidates, the factor
model's score, the mean and the variance of the item's factors, and the like rates. Where the list was ranked for a
local context, its like rates follow, and a place takes `VALUES_WITH_LOCAL_RATES`. Earlier versions had no like rates:
these are 0 then.
"""

from math import isfinite
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.factors.gaussians import WIDTH, Singles
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.index.columns import Floats
from recomind.recommender.like_rates import NAMES
from recomind.recommender.local_rates import LOCAL_NAMES

VALUES_WITHOUT_RATES: Final = 3 + 2 * WIDTH
"""Of earlier versions."""

VALUES: Final = VALUES_WITHOUT_RATES + len(NAMES)

VALUES_WITH_LOCAL_RATES: Final = VALUES + len(LOCAL_NAMES)

RATE_NAMES: Final = (*NAMES, *LOCAL_NAMES)
"""All that `ShownFeatures.rates` may hold, in their order."""

PLACE_BYTES: Final = 2 * VALUES
"""Bytes of a place without a local context."""

_MAX: Final = 6e4
"""Bound of a value: half floats end at 65,504."""


NO_RATES: Final = (0.0,) * len(NAMES)
"""Of earlier versions."""


class ShownFeatures(NamedTuple):
    """The features of one place."""

    propensity: float
    choice: float
    factors: float
    item: ItemFactors
    rates: tuple[float, ...] = NO_RATES
    """See `like_rates`, and `local_rates` in a local context."""

    @property
    def local_rates(self) -> tuple[float, ...]:
        """Those in the local context for which the list was ranked; none if it had none."""
        return self.rates[len(NAMES) :]


def pack(propensities: Floats, choice: Floats, factors: Floats | Singles, items: ItemFactors, rates: Floats) -> bytes:
    """Pack the features of places: arrays of shape (places,), items of shape (places, WIDTH), and rates."""
    columns = np.column_stack([propensities, choice, factors, items.mean, items.variance, rates])
    packed: bytes = np.clip(columns, -_MAX, _MAX).astype("<f2").tobytes()
    return packed


def first_places(packed: bytes, n: int, places: int) -> bytes:
    """The features of the first `n` of so many places."""
    return packed[: min(n, places) * (len(packed) // places)] if places else b""


def unpack(packed: bytes, place: int, places: int) -> ShownFeatures | None:
    """The features of a place of so many, 0 for the first; None if they are missing or no finite numbers."""
    width = len(packed) // 2 // max(1, places)
    if width not in {VALUES_WITHOUT_RATES, VALUES, VALUES_WITH_LOCAL_RATES} or not 0 <= place < places:
        return None
    values = np.frombuffer(packed, "<f2", width, place * 2 * width).astype(np.float32)
    if not isfinite(values.sum()):
        return None
    propensity, choice, factors = values[:3].tolist()
    item = ItemFactors(values[3 : 3 + WIDTH], values[3 + WIDTH : VALUES_WITHOUT_RATES])
    rates = tuple(values[VALUES_WITHOUT_RATES:].tolist()) or NO_RATES
    return ShownFeatures(propensity, choice, factors, item, rates)


def weighed(packed: bytes, places: int) -> Floats | None:
    """What `blend.outcomes` weighs of each place, shape (places, 2 + like rates); None if it is missing.

    The like rates include those in the local context, where the list was ranked for one.
    """
    width = len(packed) // 2 // max(1, places)
    if width not in {VALUES, VALUES_WITH_LOCAL_RATES}:
        return None
    values = np.frombuffer(packed, "<f2", places * width).reshape(places, width).astype(float)
    found: Floats = np.column_stack([values[:, 1:3], values[:, VALUES_WITHOUT_RATES:]])
    return found if np.isfinite(found).all() else None
