"""Weights that arms learn for themselves."""

import numpy as np
import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.ids import UserId, VideoId
from recomind.model.rules import RuleRecord, Scenario
from recomind.model.served_lists import ServedListEvent
from recomind.recommender.blend import network
from recomind.recommender.blend.model import LINEAR_ROWS, Weights
from recomind.recommender.policy.policy import ListRequest
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.state.profile import Profile
from recomind.state.served_lists import Place
from recomind.stores.arm_weights import all_weights, put_weights
from recomind.stores.memory_store import InMemoryStore


def weights(version):
    parameters = network.initial_parameters(LINEAR_ROWS, len(FEATURE_NAMES)).tobytes()
    ones = np.ones(len(FEATURE_NAMES)).tobytes()
    return Weights(version, 0, parameters, parameters, ones, ones)


@pytest.fixture
def cache(cache):
    cache.index.put_video(Video(video_id="v", title="T", tags=("x",), created_at=1e9))
    arms = (Arm(name="A"), Arm(name="B", own_weights=True))
    cache.experiments.advance(10.0)
    cache.experiments.apply(ExperimentRecord("e", Experiment(arms=arms, forced={"a": "A", "b": "B"}), 1.0))
    cache.weights = weights(5)
    return cache


def version(cache, user):
    return cache.list_for(Profile(), 5, cache.policy(ListRequest(user))).meta.version


def test_an_arm_begins_with_the_weights_of_all_and_learns_its_own(cache):
    assert version(cache, "a") == version(cache, "b") == 5
    with cache.learning_from("b", None):
        assert cache.weights.version == 5
        cache.weights = weights(6)
    assert (version(cache, "a"), version(cache, "b")) == (5, 6)
    with cache.learning_from("a", None):
        cache.weights = weights(9)
    assert (version(cache, "a"), version(cache, "b")) == (9, 6)


def test_what_fails_while_an_arm_learns_leaves_the_weights_of_all_alone(cache):
    def fail():
        with cache.learning_from("b", None):
            cache.weights = weights(7)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert cache.weights.version == 5


def test_weights_of_arms_that_do_not_run_are_forgotten(cache):
    with cache.learning_from("b", None):
        cache.weights = weights(6)
    cache.arm_weights.retain(cache.experiments.own_weights())
    assert version(cache, "b") == 6
    cache.experiments.apply(ExperimentRecord("e"))
    cache.arm_weights.retain(cache.experiments.own_weights())
    assert cache.arm_weights.learned == {}


MADE_AT = 5.0


@pytest.fixture
def kids(cache):
    """A cache whose experiment is of the scenario `kids`; its record was made at `MADE_AT`."""
    cache.experiments.apply(ExperimentRecord("e"))
    cache.rules.apply(RuleRecord("scenario", "kids", None, Scenario()))
    cache.experiments.apply(kids_record())
    return cache


def kids_record(**fields):
    arms = (Arm(name="A"), Arm(name="B", own_weights=True))
    experiment = Experiment(arms=arms, scenario="kids", forced={"a": "A", "b": "B"})
    return ExperimentRecord("k", experiment, MADE_AT, **fields)


def place(user, arms, scenario="kids", handed_out_at=MADE_AT + 1):
    event = ServedListEvent("l", UserId(user), 1e9, 0, (VideoId("v"),), scenario=scenario, arms=arms)
    return Place(replace(event, handed_out_at=handed_out_at), 0)


def taught(cache, user, of_list):
    """The names of the weights that an outcome changes: of an arm, or `all`."""
    shared, cache.arm_weights.learned = cache.weights, {}
    with cache.learning_from(user, of_list):
        cache.weights = weights(8)
    changed = {"all"} if cache.weights.version == 8 else set()
    cache.weights = shared
    return changed | {"own" for one in cache.arm_weights.learned.values() if one.version == 8}


def test_an_outcome_teaches_the_arm_of_its_list_in_any_scenario(kids):
    assert taught(kids, "b", place("b", {"k": "B"})) == {"own"}
    assert taught(kids, "a", place("a", {"k": "A"})) == {"all"}
    asked = ListRequest("b", "kids")
    with kids.learning_from("b", place("b", {"k": "B"})):
        kids.weights = weights(8)
    found = kids.list_for(Profile(), 5, kids.policy(asked)).meta.version
    assert (found, version(kids, "b"), kids.weights.version) == (8, 5, 5)


@pytest.mark.parametrize(
    "of_list",
    [
        None,
        place("b", {}, "default"),
        place("b", {}),
        place("b", {"k": "A"}),
        place("b", {"other": "B"}),
        place("b", {"k": "B"}, handed_out_at=MADE_AT - 1),
    ],
)
def test_what_no_list_of_the_arm_as_it_is_has_brought_teaches_all(kids, of_list):
    assert taught(kids, "b", of_list) == {"all"}


def test_a_stopped_arm_and_one_that_has_ended_learn_nothing(kids):
    kids.experiments.apply(kids_record(stopped={"B": "worse"}))
    assert taught(kids, "b", place("b", {"k": "B"})) == {"all"}
    kids.experiments.apply(ExperimentRecord("k"))
    assert taught(kids, "b", place("b", {"k": "B"})) == {"all"}


def test_a_list_of_another_scenario_does_not_teach_the_arm_of_the_default_one(cache):
    cache.rules.apply(RuleRecord("scenario", "kids", None, Scenario()))
    assert taught(cache, "b", place("b", {})) == {"all"}
    assert taught(cache, "b", place("b", {"e": "B"}, "default")) == {"own"}


async def test_weights_of_workers_are_stored_by_arm():
    store = InMemoryStore()
    await put_weights(store, "arm", 2, weights(3))
    await put_weights(store, "other", 1, weights(4))
    assert await all_weights(store, "arm", 4) == [weights(3)]
