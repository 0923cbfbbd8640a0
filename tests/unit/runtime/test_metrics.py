"""Metrics of a worker: recent freshness, and values by label."""

from recomind.runtime.metrics import Metrics, RecentFreshness, values_by_label
from recomind.runtime.worker_stats import freshness_bucket


def test_freshness_is_dropped_after_a_minute():
    now = [0.0]
    recent = RecentFreshness(lambda: now[0])
    recent.add(0.1)
    now[0] = 30.0
    recent.add(2.0)
    assert recent.by_bucket() == {freshness_bucket(0.1): 1, freshness_bucket(2.0): 1}
    now[0] = 70.0
    assert recent.by_bucket() == {freshness_bucket(2.0): 1}


def test_values_of_a_metric_are_read_by_its_label():
    metrics = Metrics()
    metrics.actions.labels("like").inc(2)
    metrics.lists_stored.inc(3)
    assert values_by_label(metrics.actions) == {"like": 2.0}
    assert values_by_label(metrics.lists_stored) == {"": 3.0}
