"""Learning before signals are sent: from which actions, within which time, and never from its own outcome."""

import pytest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import CORRECTION, OUTCOME, PassedOverSignal, SourceOffset
from recomind.recommender.factors import users
from recomind.recommender.pipeline import rank, slate_of
from recomind.runtime.metrics import Metrics
from recomind.runtime.trainer import MAX_SAVED_S, Trainer
from recomind.state import popularity, profile_fold
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.served_lists import ServedLists
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
        self.lists = ServedLists()
        self.trainer = Trainer(self.cache, Metrics(), lambda: self.lagging, lambda: self.time)

    def learn(self, action, before=None, is_first=True, logged_at=10.0):
        before = before or Profile()
        offset = max(before.applied_offsets.values(), default=0) + 1
        after, signals = profile_fold.fold(before, SourceOffset(0, offset), action)
        joined = self.lists.join(before, action, signals, logged_at)
        return self.trainer.learn_outcome(before, after, action, signals, joined, is_first)

    def serve(self, user, before=None, list_id="l", logged_at=9.0):
        ranked = rank(before or Profile(), self.cache.index, NOW)
        slate = slate_of(ranked, self.cache.index, self.cache.weights, 10)
        ids = tuple(pick.video_id for pick in slate.picks)
        event = ServedListEvent(list_id, user, NOW, 0, ids, slate.shown)
        self.lists.put(self.lists.next_offset, logged_at, event)
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
    assert world.cache.weights.outcomes.likes == 1


def test_what_may_have_been_delivered_before_teaches_only_if_it_was_served(world):
    after, signals, example = world.learn(like(), is_first=False)
    assert (after.factors, signals[0].increments, example) == (b"", b"", None)
    world.serve("u")
    _, signals, _ = world.learn(like(), is_first=False)
    assert signals[0].increments


def test_a_repeat_teaches_nothing(world):
    before, _ = profile_fold.fold(Profile(), SourceOffset(0, 0), like())
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


def test_a_like_after_a_view_of_the_same_place_corrects_it(world):
    world.serve("u")
    viewed, [view], _ = world.learn(like(kind="view"))
    assert view.outcome == OUTCOME
    liked, [signal], example = world.learn(like(), viewed)
    assert (signal.outcome, example) == (CORRECTION, None)
    assert world.cache.weights.outcomes.likes == 1
    counted = popularity.fold(Popularity(), [view, signal])
    assert (counted.impressions, counted.shown_likes) == (1, 1)
    user = users.decode(liked.factors)
    assert (user.impressions, user.likes) == (1.0, 1.0)
    assert user.variance == pytest.approx(users.decode(viewed.factors).variance)


def test_places_that_were_passed_over_teach_once(world):
    _, ids = world.serve("u")
    after, _, _ = world.learn(like(ids[2], kind="view"))
    world.serve("u", after, "next", logged_at=11.0)
    after, signals, _ = world.learn(like("elsewhere", kind="view"), after, logged_at=12.0)
    passed = [one for one in signals if isinstance(one, PassedOverSignal)]
    assert [one.video_id for one in passed] == list(ids[:2])
    assert all(one.increments for one in passed)
    assert users.decode(after.factors).impressions == 3.0
    assert popularity.fold(Popularity(), passed[:1]).impressions == 1
    _, signals, _ = world.learn(like("v99", kind="view"), after, logged_at=13.0)
    assert len(signals) == 1


def test_what_is_counted_does_not_depend_on_what_is_learned(world):
    """The features of a list that an earlier version has served may be missing."""
    world.lists.put(0, 9.0, ServedListEvent("l", "u", NOW, 0, ("v0", "v1", "v2")))
    after, [signal], _ = world.learn(like("v1"), is_first=False)
    assert (signal.outcome, signal.increments) == (OUTCOME, b"")
    world.lists.put(1, 11.0, ServedListEvent("next", "u", NOW, 0, ("v5",)))
    _, signals, _ = world.learn(like("v5"), after, is_first=False, logged_at=12.0)
    assert [(one.video_id, one.increments) for one in signals[2:]] == [("v0", b"")]


async def test_the_blend_is_trained_on_a_first_like(world):
    _, _, example = world.learn(like())
    await world.trainer.train([example])
    assert world.cache.weights.version == 1
