"""Ratios of sums over users."""

from math import isinf

import numpy as np
import pytest

from recomind.experiments.cluster_sums import difference, preference, ratio
from recomind.experiments.interleaving import log_sign_e_value


def test_repeated_impressions_of_users_do_not_narrow_the_interval():
    draw = np.random.default_rng(1)
    liked, shown = draw.binomial(10, draw.beta(1, 9, 500)), np.full(500, 10)
    once, again = ratio(liked, shown), ratio(7 * liked, 7 * shown)
    assert again.value == once.value
    assert again.variance == pytest.approx(once.variance)


def test_too_few_clusters_have_no_interval():
    few = ratio(np.ones(30), np.full(30, 5.0))
    assert isinf(few.variance)
    assert not difference(few, few, 0.01).excludes_zero
    assert isinf(ratio(np.zeros(0), np.zeros(0)).variance)


def test_a_difference_is_found():
    draw = np.random.default_rng(2)
    shown = np.full(1_000, 100)
    arms = [ratio(draw.binomial(shown, rate), shown) for rate in (0.1, 0.12)]
    found = difference(arms[1], arms[0], 0.01)
    assert found.low > 0
    assert found.low < 0.02 < found.high


def test_a_preference_counts_users():
    one_user = preference(np.array([500.0] + [0.0] * 99), 10_000, 0.01)
    many = preference(np.array([5.0] * 100), 10_000, 0.01)
    assert not one_user.excludes_zero
    assert many.low > 0
    assert log_sign_e_value(5, 5) < 0 < log_sign_e_value(90, 10)
