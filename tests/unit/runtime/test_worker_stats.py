"""Statistics of workers, added up; and the names that they have in JSON."""

import msgspec
import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.blend.model import Weights
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import learn, rank
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.runtime.video_impressions import CatalogueFigures
from recomind.runtime.worker_stats import (
    FRESHNESS_BOUNDS_S,
    catalogue_of,
    cluster_stats,
    freshness_bucket,
    percentile,
    served_quality,
    unowned_partitions,
    weights_by_feature,
)
from recomind.state.popularity import NO_SCORES, Counts, Popularity
from recomind.state.profile import Profile
from tests.unit.runtime.samples import stats_of


def test_statistics_of_workers_are_added_up():
    shown = {"15m": {"ranked": (30, 20, 3), "drawn": (10, 5, 1), "control": (20, 20, 1)}, "24h": {"lists": (9, 3, 2)}}
    workers = [stats_of("a", (0, 1)), stats_of("b", (2, 3), shown=shown)]
    total = cluster_stats(workers, Weights(), 5.0)
    assert (total.workers, total.actions_per_second, total.consumer_lag, total.event_streams) == (2, 7.0, 6, 4)
    assert (total.cache_hit_rate, total.dead_letters, total.training_steps) == (0.75, 2, 0)
    assert (total.like_rate, total.control_like_rate, total.lists_with_a_like) == (0.16, 0.05, 0.5)
    assert total.like_rate_by_source == {"tags": 0.4}
    assert total.freshness_p50_s == pytest.approx(0.1, rel=0.2)
    assert total.freshness_p99_s == pytest.approx(0.1, rel=0.2)


def test_without_workers_there_are_no_percentiles_and_no_quality():
    total = cluster_stats([], Weights(), 5.0)
    assert (total.workers, total.freshness_p99_s, total.cache_hit_rate, total.like_rate) == (0, None, None, None)


def test_what_was_shown_is_told_by_period_and_the_catalogue_by_the_leader():
    figures = CatalogueFigures(10, 0.5, 0, None)
    workers = [stats_of("a", (1,)), stats_of("b", (0,), catalogue=figures, shown={"24h": {"lists": (9, 3, 2)}})]
    found = served_quality(workers)
    assert (found["15m"].lists, found["24h"].lists) == (2, 9)
    assert catalogue_of(workers) == figures
    assert catalogue_of([]) is None


WORKER_FIELDS = """worker address at up partitions leads processor memory per_second lag waiting lists_per_second
    freshness served dead_letters timer_errors streams shown catalogue keys rules"""
CLUSTER_FIELDS = """at workers actions_per_second lists_per_second lag waiting fresh_p50 fresh_p99 cache_hits
    dead_letters timer_errors streams like_rate control_like_rate lists_with_a_like like_rate_by_source weights
    version"""


def test_field_names_in_json_are_those_that_pages_read():
    assert list(msgspec.to_builtins(stats_of("a", (0, 1)))) == WORKER_FIELDS.split()
    assert list(msgspec.to_builtins(cluster_stats([], Weights(), 5.0))) == CLUSTER_FIELDS.split()


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_percentile_is_at_most_a_fifth_too_high(share):
    times = np.random.default_rng(3).lognormal(-1, 1, 5000)
    buckets = {}
    for one in times:
        buckets[freshness_bucket(one)] = buckets.get(freshness_bucket(one), 0) + 1
    exact = np.quantile(times, share)
    assert exact * 0.99 <= percentile(buckets, share) <= exact * 1.21


def test_a_time_beyond_the_last_bound_is_in_the_last_bucket():
    assert freshness_bucket(1e9) == len(FRESHNESS_BOUNDS_S) - 1
    assert freshness_bucket(0.0) == 0


def test_the_largest_weights_are_shown_once_the_blend_is_trained():
    index = VideoIndex()
    for number in range(20):
        index.put_video(Video(video_id=f"v{number}"))
        scores = (float(-number),) * len(NO_SCORES)
        popularity = Popularity(counts=Counts(1, 0, 0), like_scores=scores, action_scores=scores, first_at=1.0)
        index.put_popularity(f"v{number}", popularity)
    learned = learn(Weights(), rank(Profile(), index, 10.0), index, "v2")
    total = cluster_stats([], learned, 5.0)
    assert total.training_steps == 1
    assert len(total.weights) == 12
    assert total.weights.keys() <= weights_by_feature(learned).keys() == set(FEATURE_NAMES)
    assert weights_by_feature(Weights()) == {}


def test_partitions_without_a_worker_are_found():
    assert unowned_partitions([stats_of("a", (0, 3)), stats_of("b", (2,))], 5) == (1, 4)
    assert unowned_partitions([], 2) == (0, 1)
    assert unowned_partitions([stats_of("a", (0, 1))], 2) == ()
