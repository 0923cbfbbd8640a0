"""How much the blend and the factor model count."""

import numpy as np

from recomind.recommender.blend.outcomes import OutcomeWeights, merge_outcomes


def learned_from(inputs, outcome_of, weights=None):
    weights = weights or OutcomeWeights()
    for choice, factors in inputs:
        weights = weights.learn(choice, factors, outcome_of(choice, factors))
    return weights


def test_before_the_first_outcome_the_blend_alone_ranks():
    choice, factors = np.array([0.1, 0.3]), np.array([5.0, 1.0])
    assert OutcomeWeights().combine(choice, factors).tolist() == choice.tolist()


def test_what_predicts_outcomes_counts_after_some_hundred_of_them():
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(300, 2))
    weights = learned_from(inputs, lambda choice, factors: float(factors > 0.5))
    assert weights.mean[2] > 1
    assert abs(weights.mean[1]) < weights.mean[2] / 3
    assert weights.outcomes == 300


def test_weights_of_workers_are_merged_by_their_outcomes():
    one = OutcomeWeights((0.0, 1.0, 0.0), (0.1, 0.1, 0.1), 100)
    other = OutcomeWeights((0.0, 0.0, 4.0), (0.2, 0.05, 0.2), 300)
    merged = merge_outcomes([one, other, OutcomeWeights()])
    assert merged == OutcomeWeights((0.0, 0.25, 3.0), (0.1, 0.05, 0.1), 300)
    assert merge_outcomes([]) == OutcomeWeights()
