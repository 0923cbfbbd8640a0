"""Weights that arms learn for themselves."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.recommender.blend import network
from recomind.recommender.blend.model import LINEAR_ROWS, Weights
from recomind.recommender.policy.policy import ListRequest
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.state.profile import Profile
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
    with cache.learning_from("b"):
        assert cache.weights.version == 5
        cache.weights = weights(6)
    assert (version(cache, "a"), version(cache, "b")) == (5, 6)
    with cache.learning_from("a"):
        cache.weights = weights(9)
    assert (version(cache, "a"), version(cache, "b")) == (9, 6)


def test_what_fails_while_an_arm_learns_leaves_the_weights_of_all_alone(cache):
    def fail():
        with cache.learning_from("b"):
            cache.weights = weights(7)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert cache.weights.version == 5


def test_weights_of_arms_that_do_not_run_are_forgotten(cache):
    with cache.learning_from("b"):
        cache.weights = weights(6)
    cache.arm_weights.retain(cache.experiments.own_weights())
    assert version(cache, "b") == 6
    cache.experiments.apply(ExperimentRecord("e"))
    cache.arm_weights.retain(cache.experiments.own_weights())
    assert cache.arm_weights.learned == {}


async def test_weights_of_workers_are_stored_by_arm():
    store = InMemoryStore()
    await put_weights(store, "arm", 2, weights(3))
    await put_weights(store, "other", 1, weights(4))
    assert await all_weights(store, "arm", 4) == [weights(3)]
