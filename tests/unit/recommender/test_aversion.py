"""Negative feedback keeps other videos of the creator, and of the tags, further down."""

import numpy as np
import pytest
from msgspec.structs import replace

from recomind.model.action_types import FEEDBACK_CODES, REJECTIONS
from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.aversion import aversion
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile
from recomind.state.profile_entries import Feedback

VIDEOS = {"own": "c", "same creator": "c", "same tags": "d", "one tag": "e", "other": "f"}
TAGS = {"own": ("x", "y"), "same creator": ("z",), "same tags": ("x", "y"), "one tag": ("x", "z"), "other": ("z",)}


def index_of_videos():
    index = VideoIndex()
    for video_id, creator in VIDEOS.items():
        index.put_video(Video(video_id=video_id, title="T", tags=TAGS[video_id], creator_id=creator))
    return index


def averse(index, *feedback):
    profile = Profile(feedback=tuple(Feedback("own", FEEDBACK_CODES[kind], 1.0) for kind in feedback))
    return dict(zip(VIDEOS, aversion(profile, index, np.arange(len(VIDEOS))).tolist(), strict=True))


@pytest.mark.parametrize("kind", sorted(REJECTIONS))
def test_the_creator_weighs_more_than_tags_and_other_videos_are_as_before(kind):
    found = averse(index_of_videos(), kind)
    assert found["own"] > found["same creator"] > found["same tags"] > found["one tag"] > found["other"] == 0


def test_positive_feedback_and_that_of_weight_zero_lower_nothing():
    index = index_of_videos()
    assert set(averse(index, "share", "comment", "follow", "save").values()) == {0.0}
    index.action_weights = ActionWeights(dislike=0.0)
    assert set(averse(index, "dislike").values()) == {0.0}


def engine_with(*actions):
    engine = Engine(exploration=0.0)
    for video_id, creator in VIDEOS.items():
        engine.put_video(Video(video_id=video_id, title="T", tags=TAGS[video_id], creator_id=creator))
    for offset, (user, video, kind) in enumerate(actions):
        engine.observe(Action(user, video, kind, 1.7e9 + offset), SourceOffset(0, offset))
    return engine


def listed(engine):
    return [pick.video_id for pick in engine.recommend("me", 5).picks]


OTHERS = [(f"u{number}", "same creator", "like") for number in range(8)] + [("u", "other", "like")]


def test_a_disliked_video_is_not_listed_and_its_creator_comes_later_until_it_is_undone():
    assert listed(engine_with(*OTHERS))[0] == "same creator"
    disliked = listed(engine_with(*OTHERS, ("me", "own", "dislike")))
    assert "own" not in disliked
    assert disliked.index("same creator") > disliked.index("other")
    undone = listed(engine_with(*OTHERS, ("me", "own", "dislike"), ("me", "own", "undo_dislike")))
    assert undone.index("same creator") < undone.index("other")


def test_the_weights_of_actions_apply_when_a_user_is_ranked():
    engine = engine_with(*OTHERS, ("me", "own", "not_interested"))
    before = engine.profiles["me"]
    engine.index.action_weights = replace(engine.index.action_weights, not_interested=0.0)
    found = listed(engine)
    assert found.index("same creator") < found.index("other")
    assert engine.profiles["me"] == before
