"""Estimates of what another policy would have achieved."""

import numpy as np
import pytest

from recomind.experiments.off_policy import Samples, estimate
from recomind.offline.experiment_worlds import Bandit


def test_an_estimate_is_refused_without_overlap():
    places = np.ones(1_000)
    users = np.arange(1_000)
    none = estimate(Samples(places, places, 0 * places, users, places, places))
    assert none.refusal
    some = estimate(Samples(places, places, (users % 2).astype(float), users, places, places))
    assert some.overlap == 0.5
    assert some.refusal.startswith("the log can speak of 50%")
    twice = estimate(Samples(places, places / 2, places, users, places, places))
    assert twice.overlap == 2
    assert twice.refusal.startswith("the mean weight of places is 2.00, and should be 1")
    few = np.ones(60)
    assert "places" in estimate(Samples(few, few, few, np.arange(60), few, few)).refusal
    one = estimate(Samples(places, places, places, np.zeros(1_000, int), places, places))
    assert "users" in one.refusal


def test_estimates_agree_with_the_truth_where_the_log_has_it():
    world = Bandit(1)
    logged, target = world.policy(0.4, 0.3), world.policy(1.0, 0.05)
    found = estimate(world.log(logged, target))
    assert not found.refusal
    assert found.doubly_robust.low < world.truth(target) < found.doubly_robust.high
    assert world.truth(logged) != pytest.approx(world.truth(target), abs=0.01)
