"""Increments of the factor model as bytes."""

import numpy as np
import pytest

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.increments import pack, unpack
from recomind.recommender.factors.model import ItemIncrements
from recomind.state.factor_sums import are_valid


def increments(tags, value=0.25):
    biases = np.zeros((2, WIDTH), np.float32)
    biases[:, -1] = value
    video, of_tags = np.full((2, WIDTH), value, np.float32), np.zeros((2, tags, WIDTH), np.float32)
    of_tags += np.arange(tags, dtype=np.float32)[:, None]
    return ItemIncrements(video, of_tags, biases, 2 * biases)


@pytest.mark.parametrize("tags", [0, 1, 3])
def test_increments_are_unpacked_as_they_were_packed(tags):
    packed = pack(increments(tags))
    assert are_valid(packed)
    assert all(np.array_equal(one, other) for one, other in zip(unpack(packed), increments(tags), strict=True))


def test_large_values_stay_finite():
    packed = pack(increments(1, value=1e9))
    assert are_valid(packed)
