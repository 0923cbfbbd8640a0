"""Confidence sequences."""

from math import inf, isinf, log

import pytest

from recomind.experiments.confidence import mixture_of, radius


def test_the_radius_is_that_of_robbins():
    time, mixture = 4e4, mixture_of(0.01)
    expected = ((time + mixture) * log((time + mixture) / (mixture * 0.05**2))) ** 0.5 / time
    assert radius(1 / time, mixture) == pytest.approx(expected)
    assert radius(1 / time, mixture) > 1.96 * time**-0.5  # wider than an interval for one look
    assert isinf(radius(0.0, mixture))
    assert isinf(radius(inf, mixture))
