"""The operator's figures: freshness, quality by source, and workers added up."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.hit_rate import HYBRID, Quality, hits, learn, total
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import NAMES, rank
from recomind.recommender.pipeline import learn as teach
from recomind.runtime.metrics import Counters, Recent, by_label
from recomind.runtime.worker_stats import BOUNDS, Figures, bucket, by_feature, missing, percentile, summary
from recomind.state.popularity import NOTHING, Counts, Popularity
from recomind.state.profile import Profile, video_hash


def figures(worker, partitions, **changes):
    given = {
        "worker": worker,
        "address": "host:1",
        "at": 1.0,
        "up": 1.0,
        "partitions": partitions,
        "leads": 0 in partitions,
        "processor": 0.25,
        "memory": 1_000_000,
        "per_second": {"like": 1.5, "view": 2.0},
        "lag": {"video_signals": 3},
        "waiting": 1,
        "lists_per_second": 2.0,
        "freshness": {bucket(0.1): 99, bucket(4.0): 1},
        "served": {"cache": 3, "cold": 1},
        "dead_letters": 1,
        "timer_errors": 0,
        "streams": 2,
        "quality": {HYBRID: Quality(10, 4)},
        "keys": {},
    }
    return Figures(**{**given, **changes})


def test_workers_are_added_up():
    both = [figures("a", (0, 1)), figures("b", (2, 3), quality={HYBRID: Quality(30, 3)})]
    found = summary(both, Weights(), 5.0)
    assert (found.workers, found.actions_per_second, found.lag, found.streams) == (2, 7.0, 6, 4)
    assert (found.cache_hits, found.dead_letters, found.version) == (0.75, 2, 0)
    assert found.quality == {HYBRID: 0.175}
    assert found.fresh_p50 == pytest.approx(0.1, rel=0.2)
    assert found.fresh_p99 == pytest.approx(0.1, rel=0.2)


def test_nobody_at_work_is_no_figure():
    found = summary([], Weights(), 5.0)
    assert (found.workers, found.fresh_p99, found.cache_hits, found.quality) == (0, None, None, {})


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_percentile_is_at_most_a_fifth_too_high(share):
    times = np.random.default_rng(3).lognormal(-1, 1, 5000)
    buckets = {}
    for one in times:
        buckets[bucket(one)] = buckets.get(bucket(one), 0) + 1
    right = np.quantile(times, share)
    assert right * 0.99 <= percentile(buckets, share) <= right * 1.21


def test_a_time_beyond_the_last_bound_is_in_the_last_bucket():
    assert bucket(1e9) == len(BOUNDS) - 1
    assert bucket(0.0) == 0


def test_freshness_is_forgotten_after_a_minute():
    now = [0.0]
    recent = Recent(lambda: now[0])
    recent.add(0.1)
    now[0] = 30.0
    recent.add(2.0)
    assert recent.buckets() == {bucket(0.1): 1, bucket(2.0): 1}
    now[0] = 70.0
    assert recent.buckets() == {bucket(2.0): 1}


def test_values_of_metrics_are_read_by_their_label():
    counters = Counters()
    counters.actions.labels("like").inc(2)
    counters.lists.inc(3)
    assert by_label(counters.actions) == {"like": 2.0}
    assert by_label(counters.lists) == {"": 3.0}


def test_quality_fades_and_adds_up():
    known = learn({}, {HYBRID: True, "tags": False})
    known = learn(known, {HYBRID: False, "tags": True})
    assert known[HYBRID].likes == pytest.approx(1.998)
    assert known[HYBRID].hit_rate == pytest.approx(0.998 / 1.998)
    assert known["tags"].hit_rate == pytest.approx(1 / 1.998)
    assert total([Quality(1, 1), Quality(3, 0)]) == Quality(4, 1)
    assert learn(known, {}) == known


def catalogue(videos):
    """Videos of which the first is the most popular."""
    index = VideoIndex()
    for number in range(videos):
        index.put_video(Video(video_id=f"v{number}"))
        scores = (float(-number),) * len(NOTHING)
        index.put_popularity(f"v{number}", Popularity(counts=Counts(1, 0, 0), liked=scores, shown=scores, first_at=1.0))
    return index


def found_for(liked, profile=None, videos=20):
    index = catalogue(videos)
    return hits(rank(profile or Profile(), index, 10.0), index, Weights(), liked)


def test_a_like_of_what_leads_is_a_hit_for_those_who_put_it_first():
    found = found_for("v2")
    assert (found[HYBRID], found["trending"], found["tags"]) == (True, True, False)
    assert found.keys() == {HYBRID, *SOURCES}


def test_a_like_of_what_comes_late_or_of_no_candidate_is_a_hit_for_nobody():
    assert found_for("v15")["trending"] is False
    assert not any(found_for("nowhere").values())


def test_a_like_of_what_was_seen_scores_nobody():
    assert found_for("v2", Profile(seen=video_hash("v2").to_bytes(4, "little"))) == {}


def test_weights_are_told_by_feature_once_something_is_learned():
    index = catalogue(20)
    learned = teach(Weights(), rank(Profile(), index, 10.0), index, "v2")
    told = summary([], learned, 5.0)
    assert told.version == 1
    assert len(told.weights) == 12
    assert told.weights.keys() <= by_feature(learned).keys() == set(NAMES)
    assert by_feature(Weights()) == {}


def test_partitions_that_nobody_has_are_missed():
    assert missing([figures("a", (0, 3)), figures("b", (2,))], 5) == (1, 4)
    assert missing([], 2) == (0, 1)
    assert missing([figures("a", (0, 1))], 2) == ()
