"""The recommender on toy data with a known answer, against simple baselines."""

import msgspec
import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.pipeline import rank
from recomind.recommender.ranked import FEATURE_NAMES, PRIOR


def engine_of(videos, likes, **options):
    """An engine with videos {id: tags} and likes [(user, video)], a second apart."""
    engine = Engine(**options)
    for video_id, tags in videos.items():
        engine.put_video(Video(video_id=video_id, title=video_id, tags=tuple(tags)))
    for at, (user, video) in enumerate(likes):
        engine.observe(Action(user, video, "like", 1e9 + at), SourceOffset(0, at))
    return engine


def listed(engine, user, n=10):
    return [pick.video_id for pick in engine.recommend(user, n).picks]


def checkerboard(users=20, videos=40, held_out=3):
    """Even users like even videos, odd users odd ones; each has some videos held out."""
    rng = np.random.default_rng(1)
    for user in range(users):
        own = [video for video in range(videos) if video % 2 == user % 2]
        for video in rng.permutation(own)[held_out:]:
            yield f"u{user}", f"v{video}"


def test_on_a_checkerboard_each_user_gets_their_colour():
    engine = engine_of({f"v{n}": () for n in range(40)}, checkerboard())
    for user in range(20):
        assert all(int(video[1:]) % 2 == user % 2 for video in listed(engine, f"u{user}", 3))


def test_on_a_checkerboard_random_and_popular_lists_do_worse():
    engine = engine_of({f"v{n}": () for n in range(40)}, checkerboard())
    rng = np.random.default_rng(2)
    popular = [engine.index.ids[row] for row in engine.index.top_lists.popular(3)]

    def share_of_own_colour(of):
        return np.mean([[int(video[1:]) % 2 == user % 2 for video in of(user)] for user in range(20)])

    ours = share_of_own_colour(lambda user: listed(engine, f"u{user}", 3))
    assert ours > share_of_own_colour(lambda _: popular)
    assert ours > share_of_own_colour(lambda _: [f"v{n}" for n in rng.integers(0, 40, 3)])


def test_in_a_loop_the_next_video_comes_first():
    loop = [(f"u{user}", f"v{(user + step) % 12}") for user in range(40) for step in range(8)]
    engine = engine_of({f"v{n}": () for n in range(12)}, loop)
    engine.observe(Action("me", "v5", "like", 2e9), SourceOffset(1, 0))
    assert listed(engine, "me", 1) == ["v6"]


def test_a_burst_of_likes_leads_for_a_new_user():
    likes = [(f"u{n}", f"v{n % 10}") for n in range(100)] + [(f"w{n}", "v99") for n in range(40)]
    engine = engine_of({f"v{n}": () for n in (*range(10), 99)}, likes)
    assert listed(engine, "nobody", 1) == ["v99"]


def test_a_user_who_likes_two_tags_gets_more_of_both():
    videos = {f"{tag}{n}": (tag,) for tag in ("funny", "meme", "cars") for n in range(6)}
    engine = engine_of(videos, [("me", "funny0"), ("me", "meme0"), ("you", "cars0"), ("they", "cars1")])
    tags = {video[:-1] for video in listed(engine, "me", 8)}
    assert {"funny", "meme"} <= tags


def test_a_user_gets_what_users_with_the_same_likes_liked():
    likes = [(f"u{n}", video) for n in range(5) for video in ("funny", "meme", "dance")]
    engine = engine_of(dict.fromkeys(("funny", "meme", "dance", "cars"), ()), [*likes, ("me", "funny"), ("me", "meme")])
    first = engine.recommend("me", 1).picks[0]
    assert first.video_id == "dance"
    assert "liked_together" in first.sources


def test_seen_videos_and_videos_outside_the_catalogue_are_not_recommended():
    engine = engine_of({"v1": (), "v2": ()}, [("a", "v1"), ("a", "v3"), ("b", "v1"), ("b", "v2"), ("b", "v3")])
    assert listed(engine, "a") == ["v2"]
    assert listed(engine, "b") == []


@pytest.mark.parametrize("videos", [1, 31, 61, 150, 400])
@pytest.mark.parametrize("fans", [0, 1, 40])
def test_a_list_is_not_empty_as_long_as_there_is_an_unseen_video(videos, fans):
    """`fans` users have acted on the older half of the videos, and nobody on the others."""
    engine, seen = Engine(learning=False), set()
    for number in range(videos):
        engine.put_video(Video(video_id=f"v{number}", title="T", created_at=1e9 + number))
    for number in range(videos // 2 * fans):
        engine.observe(Action(f"fan{number % fans}", f"v{number // fans}", "view", 2e9), SourceOffset(0, number))
    while shown := listed(engine, "me", 20):
        assert seen.isdisjoint(shown)
        for video_id in shown:
            engine.observe(Action("me", video_id, "skip", 2e9 + len(seen)), SourceOffset(1, len(seen)))
            seen.add(video_id)
    assert len(seen) == videos


def test_a_video_with_other_tags_is_a_candidate_under_these_and_no_longer_under_the_old_ones():
    engine = engine_of({"a": ("old",), "b": ("old",), "c": ("new",)}, [("likes-old", "a"), ("likes-new", "c")])
    for user, sources in (("likes-old", True), ("likes-new", False)):
        assert ("tags" in sources_of(engine, user, "b")) == sources
    engine.put_video(Video(video_id="b", title="b", tags=("New",)))
    for user, sources in (("likes-old", False), ("likes-new", True)):
        assert ("tags" in sources_of(engine, user, "b")) == sources


def sources_of(engine, user, video_id):
    return next(pick.sources for pick in engine.recommend(user, 10).picks if pick.video_id == video_id)


def test_a_fresh_upload_is_shown_within_ten_actions():
    videos = {f"v{n}": () for n in range(100)}
    engine = engine_of(videos, [(f"u{n % 30}", f"v{n}") for n in range(90)])
    for n in range(90, 100):
        engine.put_video(Video(video_id=f"v{n}", created_at=1.9e9))
    shown = set()
    for number in range(10):
        engine.observe(Action("me", f"v{number}", "skip", 2e9 + number), SourceOffset(1, number))
        shown |= set(listed(engine, "me"))
    assert shown & {f"v{n}" for n in range(90, 100)}


def test_a_liked_tag_proposes_videos_without_likes():
    engine = engine_of({f"v{n}": () for n in range(40)}, [(f"u{n}", f"v{n}") for n in range(40)])
    for n in range(5):
        engine.put_video(Video(video_id=f"new{n}", tags=("rare",)))
    engine.observe(Action("me", "new0", "like", 2e9), SourceOffset(1, 0))
    assert {f"new{n}" for n in range(1, 5)} <= set(listed(engine, "me"))


def test_the_blend_learns_from_a_like_of_a_video_that_was_watched_before():
    engine = engine_of({f"v{n}": () for n in range(12)}, [(f"u{n % 7}", f"v{n % 12}") for n in range(60)])
    before = engine.weights.version
    engine.observe(Action("me", "v3", "view", 2e9), SourceOffset(1, 0))
    assert "v3" not in listed(engine, "me")
    engine.observe(Action("me", "v3", "like", 2e9 + 9), SourceOffset(1, 1))
    assert engine.weights.version == before + 1


def test_every_feature_has_a_prior():
    assert len(PRIOR) == len(FEATURE_NAMES)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("last_at", [2e9, 0.0], ids=["known", "unknown"])
def test_a_worker_that_does_not_know_the_time_yet_ranks_too(last_at):
    """As after a restart, before the first action or popularity has been read."""
    loop = [(f"u{user}", f"v{(user + step) % 12}") for user in range(40) for step in range(8)]
    engine = engine_of({f"v{n}": () for n in range(12)}, loop)
    engine.observe(Action("me", "v5", "like", 2e9), SourceOffset(1, 0))
    profile = msgspec.structs.replace(engine.profile("me"), last_at=last_at)
    ranked = rank(profile, engine.index, 0.0)
    assert ranked.now == last_at
    assert np.isfinite(ranked.features).all()
    assert np.isfinite(ranked.final_scores(engine.weights)).all()
