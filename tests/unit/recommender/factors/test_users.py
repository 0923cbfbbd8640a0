"""A user's factors as bytes."""

import numpy as np
import pytest

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import NEW_USER, UserFactors
from recomind.recommender.factors.users import decode, encode


def user():
    return UserFactors(np.arange(WIDTH, dtype=np.float32), np.full(WIDTH, 0.5, np.float32), 1.5e9, 7.0, 2.0, 5.0, -1.5)


def test_factors_are_decoded_as_they_were_encoded():
    decoded = decode(encode(user()))
    assert np.array_equal(decoded.mean, user().mean)
    assert np.array_equal(decoded.variance, user().variance)
    assert decoded[2:] == user()[2:]


def test_no_bytes_are_a_new_user():
    assert decode(b"") is NEW_USER


@pytest.mark.parametrize(("missing", "known"), [(8, (7.0, 2.0, 0.0, 0.0)), (16, (0.0, 0.0, 0.0, 0.0))])
def test_earlier_versions_had_fewer_counts(missing, known):
    decoded = decode(encode(user())[:-missing])
    assert np.array_equal(decoded.variance, user().variance)
    assert decoded[2:] == (1.5e9, *known)
