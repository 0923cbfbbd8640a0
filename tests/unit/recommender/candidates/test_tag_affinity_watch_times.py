"""A view or a skip weighs tags by how long it lasted, where that is known."""

import numpy as np
import pytest

from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import Video
from recomind.recommender.candidates.tag_affinity import tag_affinity_of
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like, Reaction
from recomind.state.watch_times import watch_key

SHORT = 10_000
LONG_WATCH, BRIEF_WATCH = watch_key(9_900, SHORT), watch_key(300, SHORT)


@pytest.fixture
def index():
    found = VideoIndex()
    found.put_video(Video(video_id="v", title="T", tags=("t",)))
    times = {watch_key(ms, SHORT): 50 for ms in (300, 1_000, 2_000, 4_000, 6_000, 9_900)}
    found.put_popularity("others", Popularity(watches=times))
    return found


def affinity(index, *reactions):
    liked, skipped = tag_affinity_of(Profile(reactions=reactions), index)
    return float(np.sum(liked) - np.sum(skipped))


def test_a_long_view_weighs_as_a_view_and_a_brief_one_as_a_skip(index):
    plain = affinity(index, Reaction("v", "view", 1.0)), affinity(index, Reaction("v", "skip", 1.0))
    assert plain == (0.3, -0.3)
    assert affinity(index, Reaction("v", "view", 1.0, LONG_WATCH)) > 0.2
    assert affinity(index, Reaction("v", "view", 1.0, BRIEF_WATCH)) < -0.2
    index.action_weights = ActionWeights(watch=0.0)
    assert affinity(index, Reaction("v", "view", 1.0, BRIEF_WATCH)) == 0.3


def test_a_brief_view_is_no_positive_unless_the_user_likes_the_video(index):
    def positives(*reactions, likes=()):
        return user_context_of(Profile(likes=likes, reactions=reactions), index, 1.0).positives

    row = index.rows["v"]
    assert positives(Reaction("v", "view", 1.0, BRIEF_WATCH)) == ()
    assert positives(Reaction("v", "view", 1.0, LONG_WATCH)) == positives(Reaction("v", "view", 1.0)) == (row,)
    assert positives(Reaction("v", "view", 1.0, BRIEF_WATCH), likes=(Like("v", 0.5),)) == (row,)
