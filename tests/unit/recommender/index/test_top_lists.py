"""Cached top lists of the whole catalogue."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.signals import ActionSignal, UndoSignal
from recomind.recommender.index import top_lists
from recomind.recommender.index.top_lists import CHANGES_PER_REFRESH, DAY_INDEX, POPULAR_LIST_LENGTH, TAG_LIST_LENGTH
from recomind.recommender.index.video_index import VideoIndex
from recomind.state import popularity
from recomind.state.popularity import Popularity


def liked(video, times):
    return popularity.fold(Popularity(), [ActionSignal(video, 0, at, 1.0, f"p{at}", "like") for at in range(times)])


def test_a_tag_list_includes_a_newly_popular_video_after_enough_changes():
    index = VideoIndex()
    for number in range(TAG_LIST_LENGTH + 1):
        index.put_video(Video(video_id=f"v{number}", title="T", tags=("sea",)))
        index.put_popularity(f"v{number}", liked(f"v{number}", 1 + number))
    sea = index.tag_rows["sea"]
    assert index.rows["v0"] not in index.top_lists.of_tag(sea)
    index.put_popularity("v0", liked("v0", 99))
    assert index.rows["v0"] not in index.top_lists.of_tag(sea)
    for _ in range(CHANGES_PER_REFRESH):
        index.put_popularity("elsewhere", Popularity())
    assert index.rows["v0"] in index.top_lists.of_tag(sea)
    assert index.rows["v1"] not in index.top_lists.of_tag(sea)


def test_a_video_that_gets_a_tag_is_in_its_list_at_once():
    index = VideoIndex()
    index.put_video(Video(video_id="a", title="T", tags=("sea",)))
    sea = index.tag_rows["sea"]
    assert index.top_lists.of_tag(sea).tolist() == [index.rows["a"]]
    index.put_video(Video(video_id="b", title="T", tags=("hill", "sea")))
    assert index.top_lists.of_tag(sea).tolist() == [index.rows["a"], index.rows["b"]]


def test_lists_are_right_after_a_score_has_fallen():
    index = VideoIndex()
    for number in range(TAG_LIST_LENGTH + 2):
        index.put_video(Video(video_id=f"v{number}", title="T", tags=("tag",)))
        index.put_popularity(f"v{number}", liked(f"v{number}", 2 + number))
    tag = index.tag_rows["tag"]
    assert index.rows["v1"] not in index.top_lists.of_tag(tag)
    assert index.rows["v31"] in index.top_lists.of_tag(tag)
    index.put_popularity("v31", liked("v31", 1))
    assert index.rows["v31"] not in index.top_lists.of_tag(tag)
    assert index.rows["v1"] in index.top_lists.of_tag(tag)


def test_popular_videos_are_up_to_date_after_each_change():
    index = VideoIndex()
    for number in range(POPULAR_LIST_LENGTH + 10):
        index.put_video(Video(video_id=f"v{number}", title="T"))
        index.put_popularity(f"v{number}", liked(f"v{number}", 1 + number))
    index.put_popularity("not listed", liked("not listed", 200))
    assert popular(index, 2) == ["v109", "v108"]
    index.put_popularity("v0", liked("v0", 150))
    assert popular(index, 2) == ["v0", "v109"]
    index.put_video(Video(video_id="not listed", title="T"))
    assert popular(index, 2) == ["not listed", "v0"]
    assert popular(index, 100) == popular(index, 1000)[:100]
    assert len(popular(index, 1000)) == 111


def popular(index, n):
    return [index.ids[row] for row in index.top_lists.popular(n).tolist()]


@pytest.mark.parametrize("seed", range(10))
def test_lists_follow_tags_and_takedowns(monkeypatch, seed):
    monkeypatch.setattr(top_lists, "POPULAR_LIST_LENGTH", 3)
    monkeypatch.setattr(top_lists, "TAG_LIST_LENGTH", 3)
    index, draw = VideoIndex(), np.random.default_rng(seed)
    for step in range(200):
        video_id, kind = f"v{draw.integers(15)}", draw.integers(4)
        if kind == 0:
            tags = tuple(draw.permutation(["sea", "hill", "sky"])[: draw.integers(3)].tolist())
            index.put_video(Video(video_id=video_id, title="T", tags=tags, hidden=bool(draw.random() < 0.3)))
        elif kind == 1:
            index.remove_video(video_id)
        else:
            like = ActionSignal(video_id, 0, step, 3600.0 * step, f"u{step}", "like")
            index.put_popularity(video_id, popularity.fold(Popularity(), [like]))
        scores = index.columns.like_scores[:, DAY_INDEX]
        liked_rows = [index.rows[one] for one in index.summaries if scores[index.rows[one]] > -np.inf]
        assert index.top_lists.popular(3).tolist() == sorted(liked_rows, key=lambda row: -scores[row])[:3]
        for tag, number in index.tag_rows.items():
            carriers = {index.rows[video.video_id] for video in index.videos_of_tag(tag)}
            listed = set(index.top_lists.of_tag(number).tolist())
            assert listed <= carriers
            assert len(listed) == min(3, len(carriers))


def test_lists_are_right_after_a_like_was_undone_while_views_came():
    index = VideoIndex()
    for number in range(TAG_LIST_LENGTH + 2):
        index.put_video(Video(video_id=f"v{number}", title="T", tags=("tag",)))
        index.put_popularity(f"v{number}", liked(f"v{number}", 2 + number))
    tag = index.tag_rows["tag"]
    assert index.rows["v31"] in index.top_lists.of_tag(tag)
    assert index.rows["v1"] not in index.top_lists.of_tag(tag)
    undone = [UndoSignal("v31", 0, 100 + at, 1.0, f"p{at}", "like", 1.0) for at in range(33)]
    views = [ActionSignal("v31", 0, 200 + at, 1.0, f"p{at}", "view") for at in range(40)]
    index.put_popularity("v31", popularity.fold(liked("v31", 33), [*undone, *views]))
    assert index.rows["v31"] not in index.top_lists.of_tag(tag)
    assert index.rows["v1"] in index.top_lists.of_tag(tag)
