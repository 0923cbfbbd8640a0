"""How much the blend, the factor model and the like rates count."""

import numpy as np
import pytest

from recomind.recommender.blend.outcomes import PRIOR_MEAN, PRIOR_VARIANCE, OutcomeWeights, merge_outcomes
from recomind.recommender.like_rates import NAMES

WIDTH = 2 + len(NAMES)
NO_RATES = np.zeros((2, len(NAMES)))


def learned_from(lists, liked_in):
    """The weights after a like of the place that `liked_in` chooses in each list."""
    weights = OutcomeWeights()
    for places in lists:
        liked = liked_in(places)
        others = [number for number in range(len(places)) if number != liked]
        weights = weights.learn(places[[liked, *others]])
    return weights


def random_lists(count):
    draw = np.random.default_rng(1)
    return [draw.normal(size=(10, WIDTH)) for _ in range(count)]


def test_before_the_first_like_of_a_served_video_the_blend_alone_ranks():
    choice, factors = np.array([0.1, 0.3]), np.array([5.0, 1.0])
    assert OutcomeWeights().combine(choice, factors, NO_RATES + 2.0).tolist() == choice.tolist()


def test_what_predicts_likes_counts_after_some_hundred_of_them():
    weights = learned_from(random_lists(300), lambda places: int(places[:, 1].argmax()))
    assert weights.mean[1] > 1
    assert abs(weights.mean[0]) < weights.mean[1] / 3
    assert weights.likes == 300


def test_some_odd_likes_do_not_turn_the_scores_around():
    lists = random_lists(30)
    weights = learned_from(lists, lambda places: int(places[:, 0].argmin()))
    assert weights.mean[0] == 0
    weights = learned_from(lists, lambda places: int(places[:, 1].argmin()))
    assert weights.mean[1] == 0


def test_a_like_rate_that_predicts_likes_counts():
    weights = learned_from(random_lists(300), lambda places: int(places[:, 6].argmax()))
    assert np.argmax(weights.mean) == 6
    assert weights.mean[6] > 0.5


def test_likes_that_do_not_depend_on_the_factor_model_do_not_make_it_count():
    """As when a log is replayed: every served video that is acted on was liked, whatever its features are."""
    lists = [places + np.array([0.0, 3.0] + [0.0] * len(NAMES)) for places in random_lists(300)]
    weights = learned_from(lists, lambda places: int(places[:, 0].argmax()))
    assert weights.mean[0] > 1
    assert abs(weights.mean[1]) < 0.3


def test_what_is_the_same_in_all_places_teaches_nothing():
    weights = OutcomeWeights().learn(np.tile(np.arange(WIDTH, dtype=float), (5, 1)))
    assert weights.mean == pytest.approx(PRIOR_MEAN)
    assert weights.variance == pytest.approx(PRIOR_VARIANCE)


def test_weights_of_workers_are_merged_by_their_likes():
    def of(choice, factors, variance, likes):
        rest = [0.0] * len(NAMES)
        return OutcomeWeights((choice, factors, *rest), (*variance, *PRIOR_VARIANCE[2:]), likes)

    merged = merge_outcomes([of(1.0, 0.0, (0.1, 0.1), 100), of(0.0, 4.0, (0.05, 0.2), 300), OutcomeWeights()])
    assert merged.mean[:2] == pytest.approx((0.25, 3.0))
    assert merged.variance[:2] == (0.05, 0.1)
    assert merged.likes == 300
    assert merge_outcomes([]) == OutcomeWeights()


def test_weights_of_an_earlier_version_end_before_those_of_local_rates():
    earlier = OutcomeWeights(tuple(range(WIDTH)), (0.5,) * WIDTH, 7)
    places = np.random.default_rng(2).normal(size=(5, len(PRIOR_MEAN)))
    learned = earlier.learn(places)
    assert len(learned.mean) == len(learned.variance) == len(PRIOR_MEAN)
    assert earlier.complete().mean[WIDTH:] == PRIOR_MEAN[WIDTH:]
    assert len(merge_outcomes([earlier, learned]).mean) == len(PRIOR_MEAN)
    scores = earlier.combine(places[:, 0], places[:, 1], places[:, 2:])
    without = earlier.combine(places[:, 0], places[:, 1], places[:, 2:WIDTH])
    assert scores == pytest.approx(without + places[:, WIDTH:].sum(axis=1))


def test_a_list_without_a_local_context_teaches_local_weights_nothing():
    places = np.random.default_rng(2).normal(size=(5, len(PRIOR_MEAN)))
    learned = OutcomeWeights().learn(places)
    further = learned.learn(places[:, :WIDTH])
    assert further.mean[WIDTH:] == learned.mean[WIDTH:]
    assert further.variance[WIDTH:] == learned.variance[WIDTH:]
    assert further.mean[:WIDTH] != learned.mean[:WIDTH]
