"""How often videos were shown: coverage of the catalogue, and uploads that were seen."""

import pytest

from recomind.model.catalogue import Video
from recomind.recommender.index.video_index import VideoIndex
from recomind.runtime.video_impressions import MAX_VIDEOS, VideoImpressions, catalogue_figures, sample_mask

NOW = 1_700_000_000.0


@pytest.fixture
def index():
    found = VideoIndex()
    for number in range(10):
        found.put_video(Video(video_id=f"v{number}", created_at=NOW - (3600 if number < 4 else 1e6)))
    return found


def figures(index, *parts, now=NOW):
    return catalogue_figures(index, [part.packed(0) for part in parts], now)


def test_impressions_of_all_partitions_add_up(index):
    one, other = VideoImpressions(), VideoImpressions()
    for _ in range(10):
        one.add(0, ["v0", "v1", "v7"], NOW)
        other.add(0, ["v0", "gone"], NOW)
    found = figures(index, one, other)
    assert (found.videos, found.coverage, found.new_videos, found.new_videos_seen) == (10, 0.3, 4, 0.25)


def test_what_was_shown_a_day_ago_does_not_count(index):
    shown = VideoImpressions()
    shown.add(0, ["v0"], NOW)
    assert figures(index, shown, now=NOW + 25 * 3600).coverage == 0.0
    shown.fit_sample(10, NOW + 25 * 3600)
    assert shown.packed(0) == b""


def test_without_videos_there_are_no_shares():
    found = figures(VideoIndex())
    assert (found.videos, found.coverage, found.new_videos_seen) == (0, None, None)


def test_a_large_catalogue_is_sampled_alike_by_all():
    index = VideoIndex()
    for number in range(3 * MAX_VIDEOS):
        index.put_video(Video(video_id=f"v{number}"))
    parts = [VideoImpressions(), VideoImpressions()]
    for number, part in enumerate(parts):
        part.fit_sample(3 * MAX_VIDEOS if number else 10, NOW)
        part.add(0, (f"v{one}" for one in range(number, 2 * MAX_VIDEOS, 2)), NOW)
    assert len(parts[1].packed(0)) < len(parts[0].packed(0)) / 3
    assert figures(index, *parts).coverage == pytest.approx(2 / 3, rel=0.02)
    assert sample_mask(3 * MAX_VIDEOS) == 3
