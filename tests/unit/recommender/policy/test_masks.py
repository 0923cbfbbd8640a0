"""Masks catch up with the catalogue, also after more changes than are remembered."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.filters import parse_filter
from recomind.recommender.index import metadata
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.masks import MAX_MASKS, Masks


@pytest.fixture
def index():
    found = VideoIndex()
    for number in range(100):
        found.put_video(Video(video_id=f"v{number}", labels=("a",) if number % 2 else ()))
    return found


def test_a_mask_follows_new_changed_and_removed_videos(index):
    masks, conditions = Masks(index), parse_filter("label:a")
    assert masks.of(conditions)[:100].sum() == 50
    index.put_video(Video(video_id="v0", labels=("A",)))
    index.remove_video("v1")
    for number in range(100, 2_000):
        index.put_video(Video(video_id=f"v{number}", labels=("a",)))
    found = masks.of(conditions)
    assert found[[0, 1, 2, 3, 1_999]].tolist() == [True, False, False, True, True]
    assert len(found) >= index.size


def test_a_mask_of_titles_follows_them(index):
    masks, conditions = Masks(index), parse_filter('title:"late NI",café -title:Monday')
    assert not masks.of(conditions).any()
    for number, title in enumerate(("Night, late", "Cafés", "LATE nights on Mondays", "Chocolate nights")):
        index.put_video(Video(video_id=f"v{number}", title=title))
    assert np.flatnonzero(masks.of(conditions)).tolist() == [0, 1]
    index.remove_video("v0")
    index.put_video(Video(video_id="v1", title="Other"))
    assert not masks.of(conditions).any()


def test_a_mask_that_is_too_far_behind_is_computed_anew(index, monkeypatch):
    monkeypatch.setattr(metadata, "MAX_LOGGED_CHANGES", 10)
    masks, conditions = Masks(index), parse_filter("label:a")
    masks.of(conditions)
    for number in range(0, 100, 2):
        index.put_video(Video(video_id=f"v{number}", labels=("a",)))
    assert index.metadata.changed_since(100) is None
    assert masks.of(conditions)[:100].all()


def test_only_so_many_masks_are_cached(index):
    masks = Masks(index)
    for number in range(MAX_MASKS + 5):
        masks.of(parse_filter(f"video:v{number}"))
    assert len(masks._cached) == MAX_MASKS


def test_few_rows_and_many_are_evaluated_alike(index):
    masks, rows = Masks(index), np.arange(100)
    for text in (
        "label:a",
        "-label:a video:v1,v2,v3",
        "country:DE",
        "language:en",
        "creator:x",
        "duration:1..",
        "title:t",
    ):
        many = masks.holds(parse_filter(text), rows)
        few = [bool(masks.holds(parse_filter(text), rows[[row]])[0]) for row in range(100)]
        assert many.tolist() == few
