"""Quantiles of watch time within the duration group of a video, from what all videos have together."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.signals import ActionSignal
from recomind.recommender.index.video_index import VideoIndex
from recomind.state import popularity
from recomind.state.popularity import Popularity
from recomind.stores import popularity_stream

SHORT, LONG = 10_000, 100_000


def watched(video, times, duration, start=None):
    known = start or Popularity()
    first = known.applied_offsets.get(0, -1) + 1
    return popularity.fold(
        known,
        [
            ActionSignal(video, 0, first + n, 1.7e9, f"u{n}", "view", watched_ms=time, duration_ms=duration)
            for n, time in enumerate(times)
        ],
    )


@pytest.fixture
def index():
    found, draw = VideoIndex(), np.random.default_rng(1)
    for number in range(20):
        duration = SHORT if number % 2 else LONG
        shares = draw.beta(2, 3, 50)
        found.put_popularity(f"v{number}", watched(f"v{number}", (shares * duration).astype(int).tolist(), duration))
    return found


def test_a_quantile_is_within_the_group_of_the_duration(index):
    short, long = index.rows["v1"], index.rows["v0"]
    times = index.watch_times
    assert times.quantile(short, 9_000, SHORT) > 0.95
    assert times.quantile(long, 9_000, LONG) < 0.1
    assert times.quantile(short, 4_000, SHORT) == pytest.approx(times.quantile(long, 40_000, LONG), abs=0.05)


def test_quantiles_of_random_times_are_evenly_spread(index):
    shares = np.random.default_rng(2).beta(2, 3, 2_000)
    found = [index.watch_times.quantile(0, int(share * SHORT), SHORT) for share in shares]
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert np.quantile(found, 0.25) == pytest.approx(0.25, abs=0.05)


def test_without_other_times_the_quantile_is_the_share_watched_or_one_half():
    times = VideoIndex().watch_times
    assert times.quantile(0, 3_000, 12_000) == pytest.approx(0.25)
    assert times.quantile(0, 3_000, None) == pytest.approx(0.5)


def test_a_video_that_is_watched_longer_than_others_has_an_excess_and_an_unknown_one_has_none(index):
    index.put_popularity("good", watched("good", [9_500] * 40, SHORT))
    index.put_popularity("bad", watched("bad", [500] * 40, SHORT))
    rows = np.array([index.row(video) for video in ("good", "bad", "new")])
    good, bad, new = index.watch_times.excess(rows)
    assert good > 1 > -1 > bad
    assert new == 0


def test_the_sum_follows_changes_erasures_and_the_duration_of_the_catalogue(index):
    before = index.watch_times.counts.copy()
    known = watched("v0", [], LONG)
    value = watched("more", [3_000] * 5, None, known)
    index.put_popularity("more", value)
    assert (index.watch_times.counts - before)[0].sum() == 5
    index.watch_times.put_duration(index.rows["more"], SHORT)
    assert (index.watch_times.counts - before).sum(axis=1).tolist() == [0, 0, 5, 0, 0, 0, 0, 0, 0]
    index.put_popularity("more", Popularity())  # its only users were erased
    assert (index.watch_times.counts == before).all()


def test_the_popularity_stream_carries_watch_times(index):
    value = watched("more", [3_000, 4_000], SHORT)
    [changes] = [popularity_stream.decode(popularity_stream.encode({"more": value}))]
    assert changes.watches == [value.watches]


def test_a_time_without_a_duration_counts_in_the_group_of_the_catalogues(index):
    index.put_video(Video(video_id="listed", duration_ms=LONG))
    row = index.rows["listed"]
    assert index.watch_times.quantile(row, 40_000, None) == index.watch_times.quantile(row, 40_000, LONG)
    index.put_video(Video(video_id="listed"))
    assert index.watch_times.quantile(row, 40_000, None) != index.watch_times.quantile(row, 40_000, LONG)
