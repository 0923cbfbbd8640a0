"""The engine shows a user nothing that they have acted on."""

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.factors import users

VIDEOS = [f"v{number}" for number in range(2100)]


def test_no_video_is_shown_twice_in_2000():
    engine, draw, seen = Engine(), np.random.default_rng(1), set()
    for number, video_id in enumerate(VIDEOS):
        engine.put_video(Video(video_id=video_id, title="T", tags=(f"t{number % 30}",), created_at=1e9 + number))
    while len(seen) < 2000:
        shown = [pick.video_id for pick in engine.recommend("me", 20).picks]
        assert shown
        assert seen.isdisjoint(shown)
        seen.update(shown)
        for video_id in shown:
            offset = SourceOffset(0, len(seen) * 100 + shown.index(video_id))
            engine.observe(
                Action("me", video_id, ("like", "view", "skip")[draw.integers(3)], 1.1e9 + offset.offset), offset
            )
    assert engine.profiles["me"].seen_blocks == len(engine.blocks.seen) > 5


def test_a_like_of_a_video_in_a_block_trains_as_if_it_were_new():
    engine = Engine()
    for offset, video_id in enumerate(VIDEOS[:600]):
        engine.put_video(Video(video_id=video_id, title="T"))
        engine.observe(Action("me", video_id, "view", 1e9 + offset), SourceOffset(0, offset))
    for user in ("a", "b"):
        engine.observe(Action(user, VIDEOS[0], "like", 2e9), SourceOffset(ord(user), 0))
    before = engine.weights.version
    engine.observe(Action("me", VIDEOS[0], "like", 2e9 + 1), SourceOffset(0, 600))
    assert engine.weights.version > before


def test_an_undone_like_of_a_served_video_is_no_like_any_more():
    engine = Engine(exploration=0.0)
    for number in range(5):
        engine.put_video(Video(video_id=f"v{number}", title="T", tags=("t",)))
    shown = engine.serve("u", 5, 1e9).picks[0].video_id
    engine.observe(Action("u", shown, "like", 1e9 + 1), SourceOffset(0, 0))
    liked = users.decode(engine.profiles["u"].factors)
    assert (engine.popularity[shown].shown_likes, liked.likes, liked.impressions) == (1, 1.0, 1.0)
    engine.observe(Action("u", shown, "undo_like", 1e9 + 2), SourceOffset(0, 1))
    undone = users.decode(engine.profiles["u"].factors)
    assert (engine.popularity[shown].shown_likes, undone.likes, undone.impressions) == (0, 0.0, 1.0)
    assert undone.mean[-1] < 0 < liked.mean[-1]
    assert engine.profiles["u"].likes == ()
    engine.refresh()
    assert engine.index.user_likes.likes.max() == -1


def test_an_undo_of_a_like_of_a_served_video_takes_it_back_after_100_other_likes():
    engine = Engine(exploration=0.0)
    for number in range(5):
        engine.put_video(Video(video_id=f"v{number}", title="T"))
    shown = engine.serve("u", 5, 1e9).picks[0].video_id
    engine.observe(Action("u", shown, "like", 1e9 + 1), SourceOffset(0, 0))
    for number in range(1, 101):
        engine.observe(Action("u", f"w{number}", "like", 1e9 + 1 + number), SourceOffset(0, number))
    assert engine.popularity[shown].shown_likes == 1
    engine.observe(Action("u", shown, "undo_like", 1e9 + 200), SourceOffset(0, 101))
    popularity = engine.popularity[shown]
    assert (popularity.shown_likes, popularity.impressions, popularity.counts.likes) == (0, 1, 0)
    engine.observe(Action("u", shown, "undo_like", 1e9 + 201), SourceOffset(0, 102))
    assert engine.popularity[shown] == popularity
