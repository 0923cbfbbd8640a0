"""Features of served places."""

import numpy as np
import pytest

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.served import PLACE_BYTES, pack, unpack


def test_the_features_of_each_place_survive_their_encoding():
    items = ItemFactors(np.arange(2 * WIDTH, dtype=np.float32).reshape(2, WIDTH), np.ones((2, WIDTH), np.float32))
    packed = pack(np.array([1.0, 0.25]), np.array([0.5, -1.5]), np.array([2.0, 3.0], np.float32), items)
    assert len(packed) == 2 * PLACE_BYTES
    shown = unpack(packed, 1)
    assert (shown.propensity, shown.choice, shown.factors) == (0.25, -1.5, 3.0)
    assert shown.item.mean == pytest.approx(items.mean[1])


def test_a_place_takes_about_seventy_bytes():
    assert PLACE_BYTES == 58
