"""Small worlds with a known truth, against which the statistics of experiments are measured.

Users differ in how active they are (lognormal) and in how readily they like (beta), as real ones do; both make a user's
impressions depend on each other, which is what naive tests overlook.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.experiments.cluster_sums import difference, ratio
from recomind.experiments.off_policy import Samples

Floats = NDArray[np.float64]

CLUSTERS: Final = 1_024
PLACES: Final = 10
"""Places of a list."""


class Audience(NamedTuple):
    """How users of a world are."""

    users: int = 2_000
    like_rate: float = 0.1
    readiness: float = 9.0
    """The sum of the parameters of the beta distribution of like rates: smaller means that users differ more."""
    activity: float = 1.0
    """Standard deviation of the logarithm of how active users are."""
    looks: int = 100
    """How often the result is looked at."""
    returns: bool = True
    """Whether users come again after their first visit."""


def like_rates(audience: Audience, draw: np.random.Generator) -> Floats:
    """The like rate of each user."""
    liked = audience.like_rate * audience.readiness
    rates: Floats = draw.beta(liked, audience.readiness - liked, audience.users)
    return rates


class Alarms(NamedTuple):
    """What is found where there is nothing to find."""

    sequence: bool
    """Whether the confidence sequence ever excludes 0."""
    naive: bool
    """Whether the usual interval, which holds for one look and independent impressions, ever excludes 0."""


def false_alarms(audience: Audience, seed: int, matters: float) -> Alarms:
    """Whether an A/A test ever finds a difference of like rates, if it is looked at so often.

    Users arrive over time and come again; both arms are the same.
    """
    is_alarm = is_naive_alarm = False
    draw = np.random.default_rng(seed)
    rates = like_rates(audience, draw)
    activity = draw.lognormal(-1.0, audience.activity, audience.users)
    arrives, arm = draw.integers(0, audience.looks, audience.users), draw.integers(0, 2, audience.users)
    slot = arm * CLUSTERS + draw.integers(0, CLUSTERS, audience.users)
    shown, liked = np.zeros(2 * CLUSTERS), np.zeros(2 * CLUSTERS)
    for look in range(audience.looks):
        present = np.flatnonzero((arrives <= look) if audience.returns else (arrives == look))
        places = PLACES * draw.poisson(activity[present])
        shown += np.bincount(slot[present], places, 2 * CLUSTERS)
        liked += np.bincount(slot[present], draw.binomial(places, rates[present]), 2 * CLUSTERS)
        control, other = (ratio(liked[part], shown[part]) for part in (slice(CLUSTERS), slice(CLUSTERS, None)))
        is_alarm |= difference(other, control, matters).excludes_zero
        is_naive_alarm |= abs(other.value - control.value) > 1.96 * _naive_error(liked.sum(), shown)
    return Alarms(is_alarm, is_naive_alarm)


def _naive_error(liked: float, shown: Floats) -> float:
    """The standard error of a difference if all impressions were independent."""
    arms = shown[:CLUSTERS].sum(), shown[CLUSTERS:].sum()
    rate = liked / max(1.0, sum(arms))
    return float(np.sqrt(rate * (1 - rate) * sum(1 / max(1.0, arm) for arm in arms)))


class Bandit:
    """Users with like probabilities of videos, a logged policy, and policies to be evaluated."""

    def __init__(self, seed: int, users: int = 3_000, videos: int = 20) -> None:
        self._draw = draw = np.random.default_rng(seed)
        wanted, factors = draw.normal(size=(users, 3)), draw.normal(size=(videos, 3))
        log_odds = wanted @ factors.T * 0.7 + draw.normal(-2.0, 0.7, (users, 1))
        self.probabilities = 1 / (1 + np.exp(-log_odds))
        self.activity = draw.lognormal(0, 0.7, users)
        self._model = log_odds + draw.normal(0, 1.0, log_odds.shape)

    def policy(self, sharpness: float, explored: float) -> Floats:
        """Probabilities of videos by user: by a noisy idea of what is liked, with a share drawn evenly."""
        scores = sharpness * (self._model + self._draw.normal(0, 1.0, self._model.shape))
        chosen = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: Floats = (1 - explored) * chosen / chosen.sum(axis=1, keepdims=True) + explored / scores.shape[1]
        return found

    def truth(self, policy: Floats) -> float:
        """The mean reward of a place under a policy, over the users and their activity."""
        by_user = (policy * self.probabilities).sum(axis=1)
        return float((self.activity * by_user).sum() / self.activity.sum())

    def log(self, logged: Floats, target: Floats, present: int = 1_500) -> Samples:
        """What is logged under a policy, of some users who came, and of what another one would have shown."""
        draw, videos = self._draw, logged.shape[1]
        came = draw.integers(0, len(self.activity), present)
        visits = draw.poisson(5 * self.activity[came])
        users, number = np.repeat(came, visits), np.repeat(np.arange(present), visits)
        thresholds = logged[users].cumsum(axis=1)
        shown = np.minimum((draw.random(len(users))[:, None] > thresholds).sum(axis=1), videos - 1)
        rewards = (draw.random(len(users)) < self.probabilities[users, shown]).astype(float)
        model = 1 / (1 + np.exp(-self._model[users]))
        return Samples(
            rewards,
            logged[users, shown],
            target[users, shown],
            number,
            model[np.arange(len(users)), shown],
            (target[users] * model).sum(axis=1),
        )
