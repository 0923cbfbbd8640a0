"""What watch times teach the factor model: a second observation of the factors that outcomes are explained by.

The log odds of a watch quantile, without what is typical of the user and of the video, are taken for

    s = WATCH_SLOPE * p_user . (q_video + mean of e_tag) + noise

with Gaussian noise, so that a watch time is one step of a Kalman filter. What is typical of a user is the mean of what
the factors do not explain. Biases learn nothing of it: what is watched for long is not taken for liked.
"""

from typing import Final

import numpy as np

from recomind.recommender.factors.gaussians import MAX_GAIN
from recomind.recommender.factors.model import FactorModel, ItemFactors, ItemIncrements, ItemRows, UserFactors

WATCH_SLOPE: Final = 0.55
"""Log odds of a watch quantile for each log odds of a like that the factors explain."""

WATCH_VARIANCE: Final = 0.77
"""Variance of the noise of a watch time whose weight is 1, in squared log odds."""

PRIOR_WATCHES: Final = 8.0
"""What is typical of a user is the mean of what factors do not explain, with so many watch times at 0."""


def learn_watch(
    model: FactorModel, user: UserFactors, rows: ItemRows, shown: ItemFactors, log_odds: float, weight: float
) -> tuple[UserFactors, ItemIncrements]:
    """What a watch time teaches. It is learned after the outcome of the same view, from the user after it.

    Args:
        model: of the videos.
        user: before the watch time.
        rows: behind the video.
        shown: the video's factors when it was shown.
        log_odds: of the watch quantile, see `WatchTimes.own_log_odds`.
        weight: of the watch time; the noise has the variance `WATCH_VARIANCE` over it.

    Returns:
        The user after it, and what to add to the parameters behind the video.
    """
    by_item, by_user = user.mean.copy(), shown.mean.copy()
    by_item[-1] = by_user[-1] = 0.0
    squared = by_user * by_user
    variance = float(squared @ user.variance + by_item * by_item @ shown.variance)
    total = WATCH_SLOPE**2 * variance + WATCH_VARIANCE / weight
    rest = log_odds - WATCH_SLOPE * float(by_item @ shown.mean)
    step = WATCH_SLOPE * (rest - user.watched / (user.watches + PRIOR_WATCHES)) / total
    curvature = WATCH_SLOPE**2 / total
    gain = np.minimum(user.variance * squared * curvature, MAX_GAIN)
    mean, left = user.mean + user.variance * by_user * step, user.variance * (1 - gain)
    after = user._replace(mean=mean, variance=left, watches=user.watches + 1, watched=user.watched + rest)
    return after, model.increments_of(rows, by_item, step, curvature, by_bias=0.0)
