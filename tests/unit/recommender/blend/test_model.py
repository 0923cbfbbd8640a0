"""The blend: online learning and merging of weights."""

import msgspec
import numpy as np
import pytest

from recomind.recommender.blend import model as blend
from recomind.recommender.blend.model import Context, Weights, merge, segment_row

NEW_USER = Context(0, 0, float("inf"))


def step(weights, rng, liked):
    return blend.learn(weights, np.zeros(2), rng.normal(size=(5, 2)), liked, NEW_USER)


def test_the_blend_learns_which_feature_predicts_likes():
    rng, weights = np.random.default_rng(3), Weights()
    for _ in range(300):
        features = rng.normal(size=(30, 4))
        weights = blend.learn(weights, np.zeros(4), features, int(features[:, 2].argmax()), NEW_USER)
    assert weights.linear()[0].argmax() == 2
    features = rng.normal(size=(30, 4))
    assert blend.score(weights, np.zeros(4), features, NEW_USER).argmax() == features[:, 2].argmax()


def test_segments_are_by_number_of_remembered_likes():
    assert [segment_row(likes) for likes in (0, 1, 5, 15, 40)] == [1, 2, 3, 4, 5]


def test_the_blend_learns_interactions_of_features_and_context():
    """Returning users choose by the first feature, active ones by its opposite: no linear or segment weight fits."""
    rng, weights = np.random.default_rng(5), Weights()
    returning, active = Context(20, 20, 7 * 86400.0), Context(20, 20, 60.0)
    for number in range(6000):
        features, context = rng.normal(size=(10, 3)), (returning, active)[number % 2]
        chosen = features[:, 0].argmax() if context is returning else features[:, 0].argmin()
        weights = blend.learn(weights, np.zeros(3), features, int(chosen), context)
    features = rng.normal(size=(10, 3))
    assert blend.score(weights, np.zeros(3), features, returning).argmax() == features[:, 0].argmax()
    assert blend.score(weights, np.zeros(3), features, active).argmax() == features[:, 0].argmin()


def test_merged_weights_are_the_mean_of_workers_weighted_by_steps():
    rng = np.random.default_rng(4)
    start = merge([step(Weights(), rng, 1)])
    one, two = step(step(start, rng, 0), rng, 1), step(start, rng, 4)
    merged = merge([one, two, Weights(), start])
    assert (merged.version, merged.steps) == (4, 0)
    assert merged.linear() == pytest.approx((2 * one.linear() + two.linear()) / 3)


def test_weights_of_a_dead_worker_are_ignored():
    rng = np.random.default_rng(6)
    old = step(Weights(), rng, 0)
    new = msgspec.structs.replace(step(Weights(), rng, 3), version=blend.STALE_AFTER + 2)
    assert merge([old, new]).linear() == pytest.approx(new.linear())


def test_merging_without_new_steps_changes_nothing():
    known = merge([step(Weights(), np.random.default_rng(7), 0)])
    assert merge([known, Weights()]) == known


def test_weights_of_another_number_of_features_do_not_fit():
    known = step(Weights(), np.random.default_rng(8), 0)
    assert (known.fits(2), known.fits(3), Weights(7).fits(2)) == (True, False, False)


def test_stored_weights_keep_their_field_names():
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(Weights(7, 3)))
    assert list(stored) == ["version", "lessons", "parameters", "squares", "means", "variances", "outcomes"]
    assert (stored["version"], stored["lessons"]) == (7, 3)
