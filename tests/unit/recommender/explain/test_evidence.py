"""Evidence for explanations, from literal state."""

from struct import pack

from recomind.model.catalogue import Video
from recomind.model.responses import ActionCounts
from recomind.recommender.explain.evidence import (
    contributing_actions,
    count_similar_likers,
    counts,
    liked_around,
    liked_before,
    recently_liked_before,
    shared_tags,
)
from recomind.state.neighbours import EPOCH_S, HALF_LIFE_S, Liker, Neighbours
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like, Reaction
from tests.unit.recommender.explain.samples import NOW, evidence


def test_liked_neighbours_come_by_weight():
    assert liked_around(evidence(), "c") == [("b", 150.0), ("a", 60.0)]
    assert liked_before(evidence(), "c") == [("a", 60.0), ("b", 30.0)]
    assert liked_around(evidence(), "a") == []


def test_recent_transitions_are_decayed_from_the_epoch_of_each_video():
    neighbours = {
        "a": Neighbours(video_ids=("c",), weights=pack("<3I", 60, 0, 60), epoch=0),
        "b": Neighbours(video_ids=("c",), weights=pack("<3I", 30, 0, 30), epoch=1),
    }
    found = recently_liked_before(evidence(neighbours=neighbours, now=EPOCH_S + HALF_LIFE_S), "c")
    assert found == [("b", 15.0), ("a", 60 / 2**9)]
    assert recently_liked_before(evidence(), "c") == []


def test_recent_transitions_do_not_grow_while_the_time_is_not_known_yet():
    neighbours = {"a": Neighbours(video_ids=("c",), weights=pack("<3I", 60, 0, 60), epoch=400)}
    assert recently_liked_before(evidence(neighbours=neighbours, now=0.0), "c") == [("a", 60.0)]


def test_shared_tags_are_in_the_order_of_the_users_affinity():
    assert shared_tags(evidence(), "c") == ["cat", "dog"]
    assert shared_tags(evidence(), "unknown") == []


def test_counts_are_given_by_window():
    by_window = counts(evidence().popularity["c"], NOW)
    assert by_window == {"1h": ActionCounts(), "24h": ActionCounts(2, 1, 0), "7d": ActionCounts(2, 1, 0)}


def test_contributing_actions_are_on_neighbours_or_on_videos_with_a_shared_tag():
    skip = Reaction("d", "skip", NOW - 5)
    given = evidence(profile=Profile(likes=(Like("b", NOW - 9), Like("a", NOW)), reactions=(skip,)))
    given.catalogue.put_video(Video(video_id="d", title="D", tags=("sad",)))
    found = contributing_actions(given, "c")
    assert [(one.video_id, one.action_type, one.together, one.tags) for one in found] == [
        ("a", "like", 1.0, ("cat",)),
        ("d", "skip", 0.0, ("sad",)),
        ("b", "like", 2.5, ("dog",)),
    ]


def test_similar_likers_like_the_video_and_something_the_user_likes():
    likers = {
        "c": Neighbours(likers=(Liker("x", 1.0), Liker("y", 1.0))),
        "a": Neighbours(likers=(Liker("y", 1.0), Liker("z", 1.0))),
    }
    assert count_similar_likers(evidence(neighbours=likers), "c") == 1


def test_a_like_that_was_taken_down_is_not_named():
    given = evidence()
    assert [seed for seed, _ in liked_around(given, "c")] == ["b", "a"]
    given.catalogue.put_video(Video(video_id="b", title="B", hidden=True))
    given.catalogue.remove_video("a")
    assert liked_around(given, "c") == []
