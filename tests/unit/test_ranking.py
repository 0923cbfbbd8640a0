"""Toy worlds with a known answer, beside plain floors."""

import msgspec
import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import Origin
from recomind.offline.engine import Engine
from recomind.recommender.blend import model as blend
from recomind.recommender.blend.model import Situation, Weights, merge, segment
from recomind.recommender.diversify import OFF, Caps, diversify
from recomind.recommender.ease import train
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import NAMES, PRIOR

NOBODY = Situation(0, 0, float("inf"))


def world(videos, likes, **options):
    """An engine that knows videos {id: tags} and likes [(user, video)], a second apart."""
    engine = Engine(**options)
    for video_id, tags in videos.items():
        engine.put_video(Video(video_id=video_id, title=video_id, tags=tuple(tags)))
    for at, (user, video) in enumerate(likes):
        engine.observe(Action(user, video, "like", 1e9 + at), Origin(0, at))
    return engine


def listed(engine, user, n=10):
    return [pick.video_id for pick in engine.recommend(user, n).picks]


def checkerboard(people=20, videos=40, held_out=3):
    """Even people like even videos, odd people odd ones; each leaves some for us to guess."""
    rng = np.random.default_rng(1)
    for person in range(people):
        own = [video for video in range(videos) if video % 2 == person % 2]
        for video in rng.permutation(own)[held_out:]:
            yield f"u{person}", f"v{video}"


def test_on_a_checkerboard_everybody_gets_the_own_colour():
    engine = world({f"v{n}": () for n in range(40)}, checkerboard())
    for person in range(20):
        assert all(int(video[1:]) % 2 == person % 2 for video in listed(engine, f"u{person}", 3))


def test_on_a_checkerboard_random_and_popular_lists_do_worse():
    engine = world({f"v{n}": () for n in range(40)}, checkerboard())
    rng = np.random.default_rng(2)
    popular = [engine.index.ids[row] for row in engine.index.heads.popular(3)]

    def hits(of):
        return np.mean([[int(video[1:]) % 2 == person % 2 for video in of(person)] for person in range(20)])

    ours = hits(lambda person: listed(engine, f"u{person}", 3))
    assert ours > hits(lambda _: popular)
    assert ours > hits(lambda _: [f"v{n}" for n in rng.integers(0, 40, 3)])


def test_in_a_loop_the_next_video_comes_first():
    loop = [(f"u{person}", f"v{(person + step) % 12}") for person in range(40) for step in range(8)]
    engine = world({f"v{n}": () for n in range(12)}, loop)
    engine.observe(Action("me", "v5", "like", 2e9), Origin(1, 0))
    assert listed(engine, "me", 1) == ["v6"]


def test_a_burst_leads_for_someone_new():
    likes = [(f"u{n}", f"v{n % 10}") for n in range(100)] + [(f"w{n}", "v99") for n in range(40)]
    engine = world({f"v{n}": () for n in (*range(10), 99)}, likes)
    assert listed(engine, "nobody", 1) == ["v99"]


def test_someone_who_likes_funny_and_meme_gets_more_of_both():
    videos = {f"{tag}{n}": (tag,) for tag in ("funny", "meme", "cars") for n in range(6)}
    engine = world(videos, [("me", "funny0"), ("me", "meme0"), ("you", "cars0"), ("they", "cars1")])
    tags = {video[:-1] for video in listed(engine, "me", 8)}
    assert {"funny", "meme"} <= tags


def test_someone_gets_dance_because_others_who_liked_the_same_did():
    likes = [(f"u{n}", video) for n in range(5) for video in ("funny", "meme", "dance")]
    engine = world(dict.fromkeys(("funny", "meme", "dance", "cars"), ()), [*likes, ("me", "funny"), ("me", "meme")])
    first = engine.recommend("me", 1).picks[0]
    assert first.video_id == "dance"
    assert "liked_together" in first.sources


def test_nobody_gets_what_was_acted_on_or_is_not_in_the_catalogue():
    engine = world({"v1": (), "v2": ()}, [("a", "v1"), ("a", "v3"), ("b", "v1"), ("b", "v2"), ("b", "v3")])
    assert listed(engine, "a") == ["v2"]
    assert listed(engine, "b") == []


def test_a_fresh_upload_is_shown_in_time():
    videos = {f"v{n}": () for n in range(100)}
    engine = world(videos, [(f"u{n % 30}", f"v{n}") for n in range(90)])
    for n in range(90, 100):
        engine.put_video(Video(video_id=f"v{n}", created_at=1.9e9))
    shown = set()
    for number in range(10):
        engine.observe(Action("me", f"v{number}", "skip", 2e9 + number), Origin(1, number))
        shown |= set(listed(engine, "me"))
    assert shown & {f"v{n}" for n in range(90, 100)}


def test_a_liked_tag_proposes_videos_nobody_has_liked_yet():
    engine = world({f"v{n}": () for n in range(40)}, [(f"u{n}", f"v{n}") for n in range(40)])
    for n in range(5):
        engine.put_video(Video(video_id=f"new{n}", tags=("rare",)))
    engine.observe(Action("me", "new0", "like", 2e9), Origin(1, 0))
    assert {f"new{n}" for n in range(1, 5)} <= set(listed(engine, "me"))


def test_the_blend_learns_which_feature_is_right():
    rng, weights = np.random.default_rng(3), Weights()
    for _ in range(300):
        features = rng.normal(size=(30, 4))
        weights = blend.learn(weights, np.zeros(4), features, int(features[:, 2].argmax()), NOBODY)
    assert weights.linear()[0].argmax() == 2
    features = rng.normal(size=(30, 4))
    assert blend.score(weights, np.zeros(4), features, NOBODY).argmax() == features[:, 2].argmax()


def test_a_like_teaches_though_the_video_was_watched_before():
    engine = world({f"v{n}": () for n in range(12)}, [(f"u{n % 7}", f"v{n % 12}") for n in range(60)])
    before = engine.weights.version
    engine.observe(Action("me", "v3", "view", 2e9), Origin(1, 0))
    assert "v3" not in listed(engine, "me")
    engine.observe(Action("me", "v3", "like", 2e9 + 9), Origin(1, 1))
    assert engine.weights.version == before + 1


def test_segments_part_people_by_history():
    assert [segment(likes) for likes in (0, 1, 5, 15, 40)] == [1, 2, 3, 4, 5]


def test_the_blend_learns_what_depends_on_the_situation():
    """Who is back chooses by the first feature, who is busy by its opposite: neither a sum nor a segment says that."""
    rng, weights = np.random.default_rng(5), Weights()
    back, busy = Situation(20, 20, 7 * 86400.0), Situation(20, 20, 60.0)
    for number in range(6000):
        features, who = rng.normal(size=(10, 3)), (back, busy)[number % 2]
        chosen = features[:, 0].argmax() if who is back else features[:, 0].argmin()
        weights = blend.learn(weights, np.zeros(3), features, int(chosen), who)
    features = rng.normal(size=(10, 3))
    assert blend.score(weights, np.zeros(3), features, back).argmax() == features[:, 0].argmax()
    assert blend.score(weights, np.zeros(3), features, busy).argmax() == features[:, 0].argmin()


def lesson(weights, rng, liked):
    return blend.learn(weights, np.zeros(2), rng.normal(size=(5, 2)), liked, NOBODY)


def test_merged_weights_are_the_mean_of_workers_by_lessons():
    rng = np.random.default_rng(4)
    met = merge([lesson(Weights(), rng, 1)])
    one, two = lesson(lesson(met, rng, 0), rng, 1), lesson(met, rng, 4)
    merged = merge([one, two, Weights(), met])
    assert (merged.version, merged.lessons) == (4, 0)
    assert merged.linear() == pytest.approx((2 * one.linear() + two.linear()) / 3)


def test_what_a_worker_left_behind_long_ago_counts_no_more():
    rng = np.random.default_rng(6)
    old = lesson(Weights(), rng, 0)
    new = msgspec.structs.replace(lesson(Weights(), rng, 3), version=blend.BEHIND + 2)
    assert merge([old, new]).linear() == pytest.approx(new.linear())


def test_weights_survive_when_nobody_has_learned_since():
    known = merge([lesson(Weights(), np.random.default_rng(7), 0)])
    assert merge([known, Weights()]) == known


def test_weights_of_other_features_do_not_fit():
    known = lesson(Weights(), np.random.default_rng(8), 0)
    assert (known.fits(2), known.fits(3), Weights(7).fits(2)) == (True, False, False)


def test_every_feature_has_a_prior():
    assert len(PRIOR) == len(NAMES)


def test_caps_put_off_what_is_too_much_and_lose_nothing():
    index = VideoIndex()
    for n in range(20):
        index.put_video(Video(video_id=f"v{n}", creator_id="same" if n < 8 else f"c{n}"))
    order = np.arange(20)
    first = diversify(index, order, Caps(creator=3), 10)
    assert sum(row < 8 for row in first) == 3
    assert sorted(diversify(index, order, Caps(creator=3), 20)) == list(range(20))
    assert diversify(index, order, OFF, 10) == list(range(10))


def test_the_item_model_finds_what_goes_together():
    likes = [(f"u{n}", video) for n in range(900) for video in (("a", "b") if n % 2 else ("c", "d"))]
    lists = train(likes)
    assert lists["a"][0][0] == "b"
    assert lists["d"][0][0] == "c"
    assert "c" not in dict(lists["a"])
