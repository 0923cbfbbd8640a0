"""How much the blend's choice and the factor model count: a logistic regression of the outcomes of served videos.

The blend learns from likes which of all candidates a user chooses; the factor model learns from outcomes whether a user
likes what is shown. The log odds of a like of a served video are modelled as

    b + w_choice * choice + w_factors * z + w_rates . rates

with `choice` the blend's score less its mean over the candidates, z the score of the factor model, and `rates` the
smoothed like rates (`like_rates`). Before the first outcome of a served video only the blend counts. Each outcome
updates the weights by a step of the extended Kalman filter, as in `factors.model`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.factors.model import MIN_CURVATURE, like_probability
from recomind.recommender.index.columns import Floats
from recomind.recommender.like_rates import NAMES
from recomind.recommender.served import ShownFeatures

PRIOR_MEAN: Final = (-2.2, 1.0, 0.0, *[0.0] * len(NAMES))
"""Of b, w_choice, w_factors and w_rates."""

PRIOR_VARIANCE: Final = (1.0, 1.0, 1.0, *[0.1] * len(NAMES))

MIN_VARIANCE: Final = 1e-5
"""Lower bound of a weight's variance, so that the weights follow changes."""


class OutcomeWeights(NamedTuple):
    """Means and variances of the weights. Earlier versions had three: the others are at their prior then."""

    mean: tuple[float, ...] = PRIOR_MEAN
    variance: tuple[float, ...] = PRIOR_VARIANCE
    outcomes: int = 0
    """Outcomes learned from."""

    def combine(self, choice: Floats, factors: Floats, rates: Floats) -> Floats:
        """The score of each candidate, shape (candidates,): log odds of a like without b; larger is better."""
        mean = np.array(_padded(self.mean, PRIOR_MEAN))
        combined: Floats = mean[1] * choice + mean[2] * factors + rates @ mean[3:]
        return combined

    def learn(
        self, shown: ShownFeatures, outcome: float, weight: float = 1.0, *, is_correction: bool = False
    ) -> "OutcomeWeights":
        """The weights after an outcome.

        Args:
            shown: the features of the video when it was served.
            outcome: 1.0 for a like, 0.0 for anything else.
            weight: of the example, at most 1.
            is_correction: whether it is a like after another outcome of the same place was learned from.
        """
        inputs = np.array([1.0, shown.choice, shown.factors, *shown.rates.tolist()])
        mean = np.array(_padded(self.mean, PRIOR_MEAN))
        variance = np.array(_padded(self.variance, PRIOR_VARIANCE))
        spread = float(inputs**2 @ variance)
        chance = like_probability(float(inputs @ mean), spread)
        h = max(chance * (1 - chance), MIN_CURVATURE)
        gain = variance * inputs
        if is_correction:
            mean += gain / (1 + h * spread)
            return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), self.outcomes)
        mean += weight * gain * (outcome - chance) / (1 + h * spread)
        variance = np.maximum(variance - weight * gain**2 * h / (1 + h * spread), MIN_VARIANCE)
        return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), self.outcomes + 1)


def merge_outcomes(partials: Iterable[OutcomeWeights]) -> OutcomeWeights:
    """The weights of all workers together: the mean by outcomes, with the smallest variances."""
    learned = [one for one in partials if one.outcomes]
    if not learned:
        return OutcomeWeights()
    shares = np.array([one.outcomes for one in learned], float)
    mean = shares @ np.array([_padded(one.mean, PRIOR_MEAN) for one in learned]) / shares.sum()
    variance = np.min([_padded(one.variance, PRIOR_VARIANCE) for one in learned], axis=0)
    return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), max(one.outcomes for one in learned))


def _padded(values: tuple[float, ...], prior: tuple[float, ...]) -> tuple[float, ...]:
    return values + prior[len(values) :]
