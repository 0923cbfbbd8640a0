"""How much the blend's choice and the factor model count: a logistic regression of the outcomes of served videos.

The blend learns from likes which of all candidates a user chooses; the factor model learns from outcomes whether a user
likes what is shown. The log odds of a like of a served video are modelled as

    b + w_choice * choice + w_factors * z

with `choice` the blend's score less its mean over the candidates, and z the score of the factor model. Before the first
outcome of a served video only the blend counts. Each outcome updates the three weights by a step of the extended Kalman
filter, as in `factors.model`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.factors.model import MIN_CURVATURE, like_probability
from recomind.recommender.index.columns import Floats

PRIOR_MEAN: Final = (-2.2, 1.0, 0.0)
"""Of b, w_choice and w_factors."""

MIN_VARIANCE: Final = 1e-5
"""Lower bound of a weight's variance, so that the weights follow changes."""


class OutcomeWeights(NamedTuple):
    """Means and variances of the three weights."""

    mean: tuple[float, float, float] = PRIOR_MEAN
    variance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    outcomes: int = 0
    """Outcomes learned from."""

    def combine(self, choice: Floats, factors: Floats) -> Floats:
        """The score of each candidate, shape (candidates,): log odds of a like without b; larger is better."""
        return self.mean[1] * choice + self.mean[2] * factors

    def learn(self, choice: float, factors: float, outcome: float, weight: float = 1.0) -> "OutcomeWeights":
        """The weights after an outcome.

        Args:
            choice: the blend's score when the video was served, less its mean over the candidates.
            factors: the factor model's score when the video was served.
            outcome: 1.0 for a like, 0.0 for anything else.
            weight: of the example, at most 1.
        """
        inputs, mean, variance = np.array([1.0, choice, factors]), np.array(self.mean), np.array(self.variance)
        spread = float(inputs**2 @ variance)
        chance = like_probability(float(inputs @ mean), spread)
        h = max(chance * (1 - chance), MIN_CURVATURE)
        gain = variance * inputs
        mean += weight * gain * (outcome - chance) / (1 + h * spread)
        variance = np.maximum(variance - weight * gain**2 * h / (1 + h * spread), MIN_VARIANCE)
        return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), self.outcomes + 1)


def merge_outcomes(partials: Iterable[OutcomeWeights]) -> OutcomeWeights:
    """The weights of all workers together: the mean by outcomes, with the smallest variances."""
    learned = [one for one in partials if one.outcomes]
    if not learned:
        return OutcomeWeights()
    shares = np.array([one.outcomes for one in learned], float)
    mean = shares @ np.array([one.mean for one in learned]) / shares.sum()
    variance = np.min([one.variance for one in learned], axis=0)
    return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), max(one.outcomes for one in learned))
