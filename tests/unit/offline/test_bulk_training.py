"""Weights from a log."""

from recomind.dev.simulator import Audience
from recomind.offline import bulk_training
from recomind.offline.bulk_training import learn_from_log
from recomind.offline.evaluation import Replay
from tests.unit.offline.logs import simulated_log


def test_the_weights_are_those_that_a_replay_goes_on_with():
    actions, videos = list(simulated_log(400)), Audience(30, 120, 5).videos
    replay = Replay(videos)
    for action in sorted(actions, key=lambda one: one.timestamp):
        replay.observe(action)
    steps = []
    weights = learn_from_log(actions, videos, steps.append)
    assert weights == replay.engine.weights
    assert sum(steps) == len(actions)


def test_only_the_last_likes_are_learned_from(monkeypatch):
    monkeypatch.setattr(bulk_training, "MAX_LIKES", 10)
    actions, videos = list(simulated_log(400)), Audience(30, 120, 5).videos
    assert 0 < learn_from_log(actions, videos).version <= 10
