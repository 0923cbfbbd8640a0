"""Ratios of sums over users, such as likes of shown places, with variances that respect users.

The users of an arm are divided into clusters by a hash of the id, and sums are kept by cluster: impressions of one user
are not independent, but clusters are. With fewer users than clusters each user is a cluster, nearly. Sums over clusters
are exact and bounded, whatever the number of users. Chamandy et al., "Estimating uncertainty for massive data streams",
2012.
"""

from math import inf
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.experiments.confidence import ALPHA, Interval, sequence

MIN_CLUSTERS: Final = 50
"""Clusters with a shown place that an arm needs: with fewer its variance is not known well enough."""

MIN_POSITIVE: Final = 20
"""Clusters that an arm needs with something in the numerator, and with something that is missing there."""

Sums = NDArray[np.int64] | NDArray[np.float64]
"""Shape (clusters,)."""


class Ratio(NamedTuple):
    """A ratio of two sums."""

    value: float
    """NaN if the denominator is 0."""
    variance: float
    """Infinite if there are too few clusters."""


def ratio(numerator: Sums, denominator: Sums) -> Ratio:
    """The ratio of two sums, and its variance by the delta method (Cochran, "Sampling techniques", 1977, chapter 6).

    Args:
        numerator: by cluster.
        denominator: by cluster.
    """
    total = float(denominator.sum())
    if total <= 0:
        return Ratio(float("nan"), inf)
    value = float(numerator.sum()) / total
    used = denominator > 0
    clusters, positive = int(used.sum()), int((numerator > 0).sum())
    missing = int((numerator[used] != denominator[used]).sum())
    if clusters < MIN_CLUSTERS or min(positive, missing) < MIN_POSITIVE:
        return Ratio(value, inf)
    residuals = numerator[used] - value * denominator[used]
    variance = float((residuals * residuals).sum()) / total**2 * clusters / (clusters - 1)
    return Ratio(value, variance if variance > 0 else inf)


def difference(arm: Ratio, control: Ratio, matters: float, alpha: float = ALPHA) -> Interval:
    """The difference of the ratios of two arms, with the interval of a confidence sequence."""
    return sequence(arm.value - control.value, arm.variance + control.variance, matters, alpha)


def preference(credit: Sums, places: int, matters: float, alpha: float = ALPHA) -> Interval:
    """How much more often places of the second ranker are liked than those of the first, in interleaved lists.

    Args:
        credit: likes of places of the second ranker less those of the first, by cluster.
        places: shown places, so that the estimate is a difference by place.
        matters: a difference of like rates that matters; that by place is half of it, as each ranker has half of them.
        alpha: the probability with which the sequence ever excludes the truth.
    """
    used = credit[credit != 0]
    if not places or len(used) < MIN_POSITIVE:
        return Interval(float("nan") if not places else float(credit.sum()) / places, -inf, inf)
    variance = float((used.astype(float) ** 2).sum()) / places**2
    return sequence(float(credit.sum()) / places, variance, matters / 2, alpha)
