"""The rankers that are built in beside the hybrid."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.extensions.baselines import RandomRanker
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.follows import Follows
from recomind.recommender.policy.policy import Policy
from recomind.recommender.served import unpack
from tests.unit.recommender.extensions.engines import START, VIDEOS, engine_with, listed


def test_popularity_orders_by_likes_of_which_one_counts_half_after_a_day():
    engine = engine_with("popularity")
    assert listed(engine, n=1) == ["v2"]
    likes = engine.index.columns.like_scores[:, 2]
    order = [engine.index.rows[video_id] for video_id in listed(engine, n=15)]
    assert (np.diff(likes[order]) <= 0).all()
    for number in range(15):  # two days later v19 is liked by half as many users as v2 was
        engine.observe(Action(f"later{number}", "v19", "like", START + 2 * 86_400), SourceOffset(0, 10_000 + number))
    assert listed(engine, n=1) == ["v19"]


def test_popularity_lists_what_was_never_liked_last_and_newest_first():
    assert listed(engine_with("popularity"), n=VIDEOS)[-20:] == [f"v{number}" for number in range(20, 40)]


def test_random_lists_differ_by_seed_and_are_the_same_again():
    def with_seed(seed):
        extensions = Extensions()
        extensions.add("ranker", "drawn", RandomRanker(seed))
        return listed(engine_with("drawn", extensions))

    assert with_seed(1) == with_seed(1)
    assert with_seed(1) != with_seed(2)
    engine = engine_with("random")
    before = listed(engine)
    assert listed(engine) == before
    engine.observe(Action("me", before[0], "skip", START + 10_000), SourceOffset(0, 99_999))
    assert listed(engine)[:3] != before[1:4]


def test_random_lists_hold_each_unseen_video_equally_often():
    engine = engine_with("random")
    counts = dict.fromkeys(engine.index.ids, 0)
    for number in range(500):
        for video_id in listed_at(engine, START + 10_000 + number, 4):
            counts[video_id] += 1
    shares = np.array(list(counts.values())) / 500
    assert shares.mean() == pytest.approx(4 / VIDEOS)
    assert np.abs(shares - 4 / VIDEOS).max() < 5 * np.sqrt(0.1 * 0.9 / 500)


def listed_at(engine, now, n):
    return [pick.video_id for pick in engine.recommend("nobody", n, now).picks]


def test_random_lists_have_the_propensity_of_each_unseen_video():
    slate = engine_with("random").recommend("me", 10)
    shown = [unpack(slate.shown, place, 10) for place in range(10)]
    assert [one.propensity for one in shown] == pytest.approx([1 / (VIDEOS - 1)] * 10, rel=1e-3)


def test_tags_come_first_by_agreement_and_then_by_popularity():
    found = listed(engine_with("tags"), n=8)
    assert all(int(video_id[1:]) % 2 == 0 for video_id in found)
    assert found[0] == "v2"


def test_item_item_needs_likes_and_falls_back_on_popularity():
    engine = engine_with("item-item")
    assert listed(engine, "nobody", 5) == listed(engine_with("popularity"), "nobody", 5)
    engine.put_ease_model({"v0": [("v39", 1.0), ("v38", 0.5)]})
    assert set(listed(engine, "me", 2)) == {"v2", "v39"}


@pytest.mark.parametrize("name", ["random", "popularity", "tags", "item-item"])
def test_before_the_first_action_each_baseline_lists_videos(name):
    engine = Engine(exploration=0.0, policy=Policy(ranker=name))
    for number in range(30):
        engine.put_video(Video(video_id=f"v{number}", created_at=START - number))
    assert len(listed(engine, "nobody")) == 10


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_alone_is_a_ranker(name):
    engine = engine_with(f"source:{name}", follows=Follows((), ("cat",)))
    engine.put_ease_model({"v0": [("v39", 1.0)]})
    slate = engine.recommend("me", 30)
    assert slate.picks
    assert all(pick.sources.keys() == {name} for pick in slate.picks)
    assert [pick.sources[name] for pick in slate.picks] == sorted(pick.sources[name] for pick in slate.picks)[::-1]


def test_a_source_alone_lists_nothing_for_a_user_of_whom_it_knows_nothing():
    assert listed(engine_with("source:liked_together"), "nobody") == []
