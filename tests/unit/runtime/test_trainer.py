"""Learning before signals are sent: from which actions, within which time, and never from its own outcome."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.recommender.outcomes import apply_shared
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.served import unpack
from recomind.runtime.metrics import Metrics
from recomind.runtime.served_lists import ServedListWindow
from recomind.runtime.trainer import MAX_SAVED_S, Trainer
from recomind.state import popularity, profile
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

NOW = 1e6


class World:
    """A trainer over in-memory stores; its clock moves only when told."""

    def __init__(self):
        self.time = 0.0
        self.lagging = False
        model = ReadModel(InMemoryStore())
        self.cache = RankingCache.create(model, Archive("postgresql://nowhere"), partitions=1, ttl=60.0)
        for number in range(12):
            self.cache.index.put_video(Video(video_id=f"v{number}", tags=(f"t{number % 3}",), creator_id="c"))
        self.window = ServedListWindow()
        self.trainer = Trainer(self.cache, self.window, Metrics(), lambda: self.lagging, lambda: self.time)

    def learn(self, action, before=None, is_first=True):
        before = before or Profile()
        after, signals = profile.fold(before, SourceOffset(0, 1), action)
        return self.trainer.learn_outcome(before, after, action, signals, 10.0, is_first)

    def serve(self, user, before=None):
        ranked = rank(before or Profile(), self.cache.index, NOW)
        slate = slate_of(ranked, self.cache.index, self.cache.weights, 10)
        ids = tuple(pick.video_id for pick in slate.picks)
        self.window.add(0, 9.0, ServedListEvent("l", user, NOW, 0, ids, slate.shown))
        return slate, ids


@pytest.fixture
def world():
    return World()


def like(video="v0", user="u", kind="like"):
    return Action(user, video, kind, NOW)


def test_a_like_found_another_way_teaches_the_factor_model_and_is_an_example_for_the_blend(world):
    after, signals, example = world.learn(like())
    assert after.factors
    assert signals[0].increments
    assert (example.video_id, example.timestamp) == ("v0", NOW)


@pytest.mark.parametrize("kind", ["view", "skip"])
def test_other_actions_teach_the_factor_model_alone(world, kind):
    after, signals, example = world.learn(like(kind=kind))
    assert (bool(after.factors), bool(signals[0].increments), example) == (True, True, None)


def test_an_outcome_of_a_served_list_teaches_what_counts_and_not_the_choice(world):
    world.serve("u")
    _, signals, example = world.learn(like())
    assert example is None
    assert signals[0].increments
    assert world.cache.weights.outcomes.outcomes == 1


def test_what_may_have_been_delivered_before_teaches_only_if_it_was_served(world):
    after, signals, example = world.learn(like(), is_first=False)
    assert (after.factors, signals[0].increments, example) == (b"", b"", None)
    world.serve("u")
    _, signals, _ = world.learn(like(), is_first=False)
    assert signals[0].increments


def test_a_repeat_teaches_nothing(world):
    before, _ = profile.fold(Profile(), SourceOffset(0, 0), like())
    after, signals, example = world.learn(like(), before)
    assert (after.factors, signals[0].increments, example) == (b"", b"", None)


def test_without_time_only_served_outcomes_teach(world):
    world.trainer._saved_s = -1.0
    assert not world.learn(like())[1][0].increments
    world.serve("u")
    assert world.learn(like())[1][0].increments
    world.time += 10 * MAX_SAVED_S
    assert world.learn(like(user="w"))[1][0].increments


def test_a_lagging_worker_saves_time_up_slower(world):
    world.trainer._saved_s = -0.05
    world.lagging = True
    world.time += 1.0
    assert not world.trainer._has_time()
    world.lagging = False
    world.time += 1.0
    assert world.trainer._has_time()


def test_the_features_of_an_example_do_not_contain_its_own_outcome(world):
    """A new video with tags and a creator of its own is shown, and liked. Whatever reaches the index before the outcome
    is learned, the example's features are those of a world without it."""
    world.cache.index.put_video(Video(video_id="own", tags=("own-tag",), creator_id="own-creator"))
    slate, ids = world.serve("u")
    place = ids.index("own")
    expected = unpack(slate.shown, place)
    _, [signal], _ = world.learn(like("own", "w"))
    world.cache.index.put_popularity("own", popularity.fold(Popularity(), [signal]))
    apply_shared(world.cache.index, "own", signal.increments)
    found = world.window.find("u", "own", 10.0)
    assert found.item.mean == pytest.approx(expected.item.mean)
    assert found.item.mean == pytest.approx(np.zeros(13), abs=2.0)
    assert (found.choice, found.factors) == (expected.choice, expected.factors)


async def test_the_blend_is_trained_on_a_first_like(world):
    _, _, example = world.learn(like())
    await world.trainer.train([example])
    assert world.cache.weights.version == 1
    assert world.trainer.quality["hybrid"].likes == 1
