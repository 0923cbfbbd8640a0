"""Smoothed like rates: 0 where nothing is known, and sums of tags and creators that follow their videos."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.factors.model import NEW_USER
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.like_rates import NAMES, like_rates
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_REACTIONS, Like, Reaction

VIDEO, CREATOR, TAGS, USER, OWN_CREATOR, OWN_TAGS = range(len(NAMES))


@pytest.fixture
def index():
    index = VideoIndex()
    for number in range(6):
        tags = ("cats",) if number < 3 else ("dogs", "parks")
        index.put_video(Video(video_id=f"v{number}", tags=tags, creator_id=f"c{number // 3}"))
    index.put_video(Video(video_id="bare"))
    return index


def rates(index, video_id, profile=None, user=NEW_USER):
    return like_rates(index, np.array([index.row(video_id)]), profile or Profile(), user)[0]


def show(index, video_id, impressions, likes):
    index.put_popularity(video_id, Popularity(impressions=impressions, shown_likes=likes))


def test_where_nothing_is_known_all_rates_are_zero(index):
    for video_id in ("v0", "v5", "bare"):
        assert rates(index, video_id) == pytest.approx(np.zeros(len(NAMES)))


def test_a_video_its_tags_and_its_creator_gain_by_likes_and_lose_by_impressions(index):
    show(index, "v0", 20, 10)
    show(index, "v3", 40, 0)
    liked, same, other = rates(index, "v0"), rates(index, "v1"), rates(index, "v4")
    assert liked[VIDEO] > same[VIDEO] == other[VIDEO] == pytest.approx(0.0)
    assert liked[TAGS] == same[TAGS] > 0 > other[TAGS]
    assert liked[CREATOR] == same[CREATOR] > 0 > other[CREATOR]


def test_more_impressions_say_more():
    index = VideoIndex()
    for video_id, shown in (("few", 2), ("many", 200), ("rest", 1000)):
        index.put_video(Video(video_id=video_id))
        show(index, video_id, shown, shown // 2 if video_id != "rest" else 50)
    assert rates(index, "many")[VIDEO] > rates(index, "few")[VIDEO] > 0


def test_a_user_who_likes_much_of_what_is_shown_has_a_high_rate(index):
    keen = NEW_USER._replace(impressions=20.0, likes=15.0)
    assert rates(index, "v0", user=keen)[USER] > 0 > rates(index, "v0", user=keen._replace(likes=0.0))[USER]


def test_what_a_user_did_with_a_creator_and_a_tag_counts_for_their_other_videos(index):
    profile = Profile(likes=(Like("v0", 2.0), Like("v1", 3.0)), reactions=(Reaction("v3", "skip", 1.0),))
    found = rates(index, "v2", profile), rates(index, "v5", profile)
    assert found[0][OWN_CREATOR] > 0 > found[1][OWN_CREATOR]
    assert found[0][OWN_TAGS] > 0 > found[1][OWN_TAGS]
    assert rates(index, "bare", profile)[OWN_TAGS] == 0


def test_likes_from_before_the_remembered_reactions_do_not_count(index):
    """More likes than other actions are remembered: all of them would look like a high rate."""
    reactions = tuple(Reaction(f"w{number}", "skip", 10.0 + number) for number in range(MAX_REACTIONS))
    profile = Profile(likes=(Like("v0", 1.0), Like("v3", 11.0)), reactions=reactions)
    assert rates(index, "v1", profile)[OWN_TAGS] == 0
    assert rates(index, "v4", profile)[OWN_TAGS] > 0


def test_sums_follow_a_video_that_changes_its_tags_and_creator_or_loses_counts(index):
    show(index, "v0", 20, 10)
    index.put_video(Video(video_id="v0", tags=("dogs",), creator_id="c1"))
    assert rates(index, "v1")[TAGS] == pytest.approx(0.0)
    assert rates(index, "v4")[CREATOR] > 0
    show(index, "v0", 0, 0)  # its users were erased
    assert rates(index, "v4") == pytest.approx(np.zeros(len(NAMES)))
    assert index.shown.total.tolist() == [0.0, 0.0]


def test_counts_of_many_videos_are_those_of_each(index):
    one_by_one = VideoIndex()
    for number in range(6):
        one_by_one.put_video(index.videos[number])
        show(one_by_one, f"v{number}", number, number // 2)
    ids, zeros = [f"v{number}" for number in range(6)], np.zeros(6)
    shown = np.array([[number, number // 2] for number in range(6)], float).T
    index.put_popularity_columns(
        ids, np.zeros((6, 10)), zeros, zeros, zeros, zeros, np.zeros((6, 26), "f4"), shown, [{}] * 6
    )
    assert index.shown.tags[:, :3].tolist() == one_by_one.shown.tags[:, :3].tolist()
    assert index.shown.creators[:, :2].tolist() == one_by_one.shown.creators[:, :2].tolist()
