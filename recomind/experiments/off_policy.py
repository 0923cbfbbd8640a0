"""What another configuration would have achieved, estimated from the outcomes of lists that this one has made.

Each sample is a shown place with the probability with which the logged policy showed its video there (its propensity).
Its weight is the probability under the other policy divided by that.

- SNIPS: the weighted mean of rewards (Swaminathan and Joachims, "The self-normalized estimator", 2015).
- DR: a model's expectation, corrected by the weighted residuals (Dudik, Langford and Li, "Doubly robust policy
  evaluation and learning", 2011), here self-normalised.

Intervals count users, not places: residuals are summed by user (delta method), and divided by one less the user's share
of the weights, as a user with much weight draws the estimate to itself (HC3 of MacKinnon and White, 1985). An estimate
is refused where samples are too few for their weights, or where the logged policy cannot have shown what the other one
shows.
"""

from math import inf, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.experiments.confidence import Interval

Floats = NDArray[np.float64]

MIN_EFFECTIVE: Final = 200.0
"""Effective sample size, in places, from which an estimate is given."""

MIN_USERS: Final = 50.0
"""Effective number of users from which an interval is given."""

MIN_OVERLAP: Final = 0.9
"""The least mean weight. Its expectation is 1 where the logged policy can show all that the other one shows."""

MAX_OVERLAP: Final = 1.1
"""The largest mean weight. It is larger where a probability is wrong, or where what the other policy shows depends on
what was logged."""

MAX_WEIGHT_SHARE: Final = 0.1
"""The largest share of all weights that one user may have."""


class Samples(NamedTuple):
    """Shown places, arrays of shape (places,)."""

    rewards: Floats
    propensities: Floats
    """Of the logged policy, greater than 0."""
    target: Floats
    """Probability with which the other policy shows the same video at this place."""
    users: NDArray[np.int64]
    """Number of the user, from 0."""
    predicted: Floats
    """The model's expected reward of the shown video."""
    predicted_target: Floats
    """The model's expected reward under the other policy."""


class Estimate(NamedTuple):
    """What the other policy would have achieved."""

    snips: Interval
    doubly_robust: Interval
    overlap: float
    """Mean weight: the share of what the other policy shows that the log can speak of. If it is far above 1,
    weights are wrong."""
    effective_places: float
    """Places without weights that would say as much (Kish, "Survey sampling", 1965)."""
    effective_users: float
    refusal: str
    """Why the estimate must not be used; empty if it may be."""


def estimate(samples: Samples, alpha: float = 0.05) -> Estimate:
    """Estimate the mean reward of the other policy, with intervals of probability 1 - alpha."""
    weights = samples.target / samples.propensities
    total = float(weights.sum())
    if not len(weights) or total <= 0:
        return no_estimate("no place of the log has a video that it would show there")
    snips = float((weights * samples.rewards).sum()) / total
    by_user = _by_user(weights, samples.users)
    effective_users = total**2 / float((by_user**2).sum())
    quantile = _quantile(alpha, effective_users)
    influence = 1 - np.minimum(by_user / total, 0.5)
    residuals = _by_user(weights * (samples.rewards - snips), samples.users) / influence
    error = sqrt(float((residuals**2).sum())) / total
    robust, robust_error = _doubly_robust(samples, weights, influence)
    found = Estimate(
        _interval(snips, quantile * error),
        _interval(robust, quantile * robust_error),
        total / len(weights),
        total**2 / float((weights**2).sum()),
        effective_users,
        "",
    )
    return found._replace(refusal=_refusal(found, float(by_user.max()) / total))


def no_estimate(refusal: str) -> Estimate:
    """The estimate from nothing, and why."""
    nothing = Interval(float("nan"), -inf, inf)
    return Estimate(nothing, nothing, 0.0, 0.0, 0.0, refusal)


def _doubly_robust(samples: Samples, weights: Floats, influence: Floats) -> tuple[float, float]:
    """The estimate and its standard error; `influence` is one less each user's share of the weights."""
    residuals, total = weights * (samples.rewards - samples.predicted), float(weights.sum())
    correction = float(residuals.sum()) / total
    model = float(samples.predicted_target.mean())
    linear = (samples.predicted_target - model) / len(weights) + (residuals - weights * correction) / total
    return model + correction, sqrt(float(((_by_user(linear, samples.users) / influence) ** 2).sum()))


def _by_user(values: Floats, users: NDArray[np.int64]) -> Floats:
    sums: Floats = np.bincount(users, values).astype(float)
    return sums


def _interval(estimate: float, half: float) -> Interval:
    return Interval(estimate, estimate - half, estimate + half)


def _quantile(alpha: float, effective_users: float) -> float:
    """The quantile of Student's t, by the expansion of Fisher and Cornish, 1960, to the second term."""
    z, degrees = NormalDist().inv_cdf(1 - alpha / 2), max(2.0, effective_users - 1)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def _refusal(found: Estimate, largest_share: float) -> str:
    if found.overlap < MIN_OVERLAP:
        return f"the log can speak of {found.overlap:.0%} of what it would show; at least {MIN_OVERLAP:.0%} are needed"
    if found.overlap > MAX_OVERLAP:
        text = (
            f"the mean weight of places is {found.overlap:.2f}, and should be 1; at most {MAX_OVERLAP} is allowed: what"
        )
        return f"{text} it would show depends on what the log has drawn, or a probability is wrong"
    if found.effective_places < MIN_EFFECTIVE:
        return f"the log says as much as {found.effective_places:.0f} places; at least {MIN_EFFECTIVE:.0f} are needed"
    if found.effective_users < MIN_USERS or largest_share > MAX_WEIGHT_SHARE:
        return f"the log says as much as {found.effective_users:.0f} users; at least {MIN_USERS:.0f} are needed"
    return ""
