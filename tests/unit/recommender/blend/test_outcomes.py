"""How much the blend, the factor model and the like rates count."""

import msgspec
import numpy as np
import pytest

from recomind.recommender.blend.model import Weights
from recomind.recommender.blend.outcomes import PRIOR_MEAN, PRIOR_VARIANCE, OutcomeWeights, merge_outcomes
from recomind.recommender.factors.model import NEW_USER, ItemFactors
from recomind.recommender.like_rates import NAMES
from recomind.recommender.served import ShownFeatures

ITEM = ItemFactors(NEW_USER.mean, NEW_USER.variance)
NO_RATES = np.zeros((2, len(NAMES)))


def shown(choice, factors, rates=NO_RATES[0]):
    return ShownFeatures(1.0, choice, factors, ITEM, rates)


def learned_from(examples, outcome_of):
    weights = OutcomeWeights()
    for example in examples:
        weights = weights.learn(example, outcome_of(example))
    return weights


def test_before_the_first_outcome_the_blend_alone_ranks():
    choice, factors = np.array([0.1, 0.3]), np.array([5.0, 1.0])
    assert OutcomeWeights().combine(choice, factors, NO_RATES + 2.0).tolist() == choice.tolist()


def test_what_predicts_outcomes_counts_after_some_hundred_of_them():
    draw = np.random.default_rng(1)
    examples = [shown(*draw.normal(size=2)) for _ in range(300)]
    weights = learned_from(examples, lambda example: float(example.factors > 0.5))
    assert weights.mean[2] > 1
    assert abs(weights.mean[1]) < weights.mean[2] / 3
    assert weights.outcomes == 300


def test_a_like_rate_that_predicts_outcomes_counts():
    draw = np.random.default_rng(1)
    examples = [shown(0.0, 0.0, draw.normal(size=len(NAMES))) for _ in range(300)]
    weights = learned_from(examples, lambda example: float(example.rates[4] > 0.5))
    assert weights.mean[3 + 4] > 0.5
    assert np.argmax(weights.mean) == 3 + 4


def test_a_view_and_the_like_that_corrects_it_move_the_weights_as_the_like_alone():
    example = shown(0.5, 1.0)
    once = OutcomeWeights().learn(example, 1.0)
    corrected = OutcomeWeights().learn(example, 0.0).learn(example, 1.0, is_correction=True)
    assert corrected.outcomes == 1
    assert corrected.variance == once.variance
    assert corrected.mean == pytest.approx(once.mean, abs=0.2)


def test_weights_of_workers_are_merged_by_their_outcomes():
    one = OutcomeWeights((0.0, 1.0, 0.0), (0.1, 0.1, 0.1), 100)
    other = OutcomeWeights((0.0, 0.0, 4.0), (0.2, 0.05, 0.2), 300)
    merged = merge_outcomes([one, other, OutcomeWeights()])
    mean, variance = (0.0, 0.25, 3.0, *PRIOR_MEAN[3:]), (0.1, 0.05, 0.1, *PRIOR_VARIANCE[3:])
    assert (merged.mean, merged.variance) == (pytest.approx(mean), pytest.approx(variance))
    assert merged.outcomes == 300
    assert merge_outcomes([]) == OutcomeWeights()


def test_weights_of_an_earlier_version_are_read_and_go_on_learning():
    stored = msgspec.msgpack.encode({"version": 1, "outcomes": [[-2.0, 0.5, 1.5], [0.1, 0.2, 0.3], 40]})
    weights = msgspec.msgpack.decode(stored, type=Weights).outcomes
    assert weights.combine(np.ones(2), np.ones(2), NO_RATES).tolist() == [2.0, 2.0]
    assert len(weights.learn(shown(0.0, 0.0), 1.0).mean) == 3 + len(NAMES)
