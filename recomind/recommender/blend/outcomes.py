"""How much the blend's choice, the factor model and the like rates count: learned from which places of lists are liked.

A candidate's score is

    w_choice * choice + w_factors * z + w_rates . rates + w_local . local rates

with `choice` the blend's score less its mean over the candidates, z the score of the factor model, `rates` the smoothed
like rates (`like_rates`), and `local rates` those in the local context (`local_rates`), where the request has one.
Before the first like of a served video only the blend and the local rates count: where lists are not served, as in a
replay of a log, nothing says what the others are worth.

A like of a place teaches by a conditional logit (McFadden 1974) within its list: the chance that this place is liked,
rather than one of the others that the user has not liked, is a softmax of the scores. What is the same in all places
teaches nothing. So it does not matter how many of the places were looked at, and whether the user acts on others at
all: an audience that likes mostly what it finds itself does not make every served video look good. Each weight has a
variance of its own, and is updated by a Newton step, as in `factors.model`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Floats
from recomind.recommender.like_rates import GLOBAL_RATES, NAMES
from recomind.recommender.local_rates import LOCAL_NAMES

PRIOR_MEAN: Final = (1.0, 0.5, *[0.3] * GLOBAL_RATES, *[0.0] * (len(NAMES) - GLOBAL_RATES), *[1.0] * len(LOCAL_NAMES))
"""Of w_choice, w_factors, w_rates and w_local. Weights of earlier versions end before w_local."""

PRIOR_VARIANCE: Final = (1.0, 1.0, *[0.1] * len(NAMES), *[0.3] * len(LOCAL_NAMES))

NONNEGATIVE_WEIGHTS: Final = 2
"""The number of weights, the first ones, that are never below 0: the blend and the factor model are learned from likes
themselves, and a few odd likes of served videos are no reason to show first what they rank last."""

MIN_VARIANCE: Final = 1e-5
"""Lower bound of a weight's variance, so that the weights follow changes."""


class OutcomeWeights(NamedTuple):
    """Means and variances of the weights."""

    mean: tuple[float, ...] = PRIOR_MEAN
    variance: tuple[float, ...] = PRIOR_VARIANCE
    likes: int = 0
    """Likes of served videos learned from."""

    def combine(self, choice: Floats, factors: Floats, rates: Floats) -> Floats:
        """The score of each candidate, shape (candidates,); larger is better."""
        w_choice, w_factors, *w_rates = self.effective_mean()
        combined: Floats = w_choice * choice + w_factors * factors + rates @ np.array(w_rates[: rates.shape[1]])
        return combined

    def effective_mean(self) -> tuple[float, ...]:
        """The means that scores are made with: all, or before the first like those of the blend and the local rates."""
        mean = self.complete().mean
        return mean if self.likes else (mean[0], *[0.0] * (1 + len(NAMES)), *mean[2 + len(NAMES) :])

    def complete(self) -> "OutcomeWeights":
        """The same weights with those that an earlier version had not, at their prior."""
        known = len(self.mean)
        if known == len(PRIOR_MEAN):
            return self
        return self._replace(mean=self.mean + PRIOR_MEAN[known:], variance=self.variance + PRIOR_VARIANCE[known:])

    def learn(self, places: Floats) -> "OutcomeWeights":
        """The weights after a like.

        Args:
            places: the choice, the factor model's score and the like rates of places of a list, as they were when it
                was served: shape (places, weights), or without local rates. The first row is the liked place.
        """
        before, width = self.complete(), places.shape[1]
        mean, variance = np.array(before.mean[:width]), np.array(before.variance[:width])
        scores = places @ mean
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        centred = places - chances @ places
        variance = np.maximum(1 / (1 / variance + chances @ centred**2), MIN_VARIANCE)
        mean += variance * centred[0]
        np.maximum(mean[:NONNEGATIVE_WEIGHTS], 0.0, out=mean[:NONNEGATIVE_WEIGHTS])
        mean_left, variance_left = before.mean[width:], before.variance[width:]
        return OutcomeWeights((*mean.tolist(), *mean_left), (*variance.tolist(), *variance_left), self.likes + 1)


def merge_outcomes(partials: Iterable[OutcomeWeights]) -> OutcomeWeights:
    """The weights of all workers together: the mean by likes, with the smallest variances."""
    learned = [one.complete() for one in partials if one.likes]
    if not learned:
        return OutcomeWeights()
    shares = np.array([one.likes for one in learned], float)
    mean = shares @ np.array([one.mean for one in learned]) / shares.sum()
    variance = np.min([one.variance for one in learned], axis=0)
    return OutcomeWeights(tuple(mean.tolist()), tuple(variance.tolist()), max(one.likes for one in learned))
