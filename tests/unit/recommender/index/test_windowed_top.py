"""The most liked videos by window and tag, updated like by like."""

from recomind.recommender.index.windowed_top import LIST_LENGTH, WindowedTopLists
from recomind.state.popularity import NO_SCORES, Popularity


def liked(*scores):
    """A liked video: one score for each half-life, or the same for all."""
    return Popularity(like_scores=scores if len(scores) > 1 else scores * len(NO_SCORES), first_likes=1)


def test_a_list_has_the_most_liked_first_and_only_changed_tags_are_returned():
    lists = WindowedTopLists()
    lists.put("a", liked(1.0), ("cat",))
    lists.put("b", liked(2.0), ("cat", "dog"))
    lists.put("viewed", Popularity(), ("cat", "cow"))
    changed = lists.take_changed()
    assert changed.keys() == {"", "cat", "dog"}
    assert changed["cat"]["24h"] == changed[""]["1h"] == [("b", 2.0), ("a", 1.0)]
    assert changed["dog"]["7d"] == [("b", 2.0)]
    assert lists.take_changed() == {}
    lists.put("a", liked(3.0), ())
    assert lists.take_changed() == {"": {name: [("a", 3.0), ("b", 2.0)] for name in ("1h", "24h", "7d")}}


def test_each_window_has_its_own_order():
    lists = WindowedTopLists()
    lists.put("sudden", liked(9.0, 5.0, 1.0, 1.0, 1.0), ())
    lists.put("steady", liked(2.0), ())
    [by_window] = lists.take_changed().values()
    assert [by_window[name][0][0] for name in ("1h", "24h", "7d")] == ["sudden", "steady", "steady"]


def test_a_list_stays_short_and_keeps_the_best():
    lists = WindowedTopLists()
    for number in range(10 * LIST_LENGTH):
        lists.put(f"v{number}", liked(float(number % 7 * 1000 + number)), ())
    best = sorted(range(10 * LIST_LENGTH), key=lambda number: -(number % 7 * 1000 + number))[:LIST_LENGTH]
    assert [video for video, _ in lists.take_changed()[""]["1h"]] == [f"v{number}" for number in best]


def test_the_lists_of_a_tag_are_emptied_only_if_they_hold_the_video_that_lost_it():
    lists = WindowedTopLists()
    lists.put("a", liked(1.0), ("cat",))
    lists.take_changed()
    assert not lists.clear_if_listed("cat", "b")
    assert not lists.clear_if_listed("dog", "a")
    assert lists.take_changed() == {}
    assert lists.clear_if_listed("cat", "a")
    assert lists.take_changed() == {"cat": {}}
