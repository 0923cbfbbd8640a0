"""Confidence sequences: intervals that hold at all times together, so that results may be looked at every day.

The interval of an estimate with variance v has the radius of Robbins' normal mixture, in the time I = 1 / v:

    sqrt((I + r) * log((I + r) / (r * alpha^2))) / I

Robbins, "Statistical methods related to the law of the iterated logarithm", 1970; Howard et al., "Time-uniform,
nonparametric, nonasymptotic confidence sequences", 2021, equation 14; Waudby-Smith et al., "Time-uniform central limit
theory and asymptotic confidence sequences", 2021, with v estimated. The interval holds for estimates whose increments
are independent in this time, or positively correlated, as those of users who come again are (Slepian's inequality).
"""

from math import inf, isfinite, log, sqrt
from typing import Final, NamedTuple

ALPHA: Final = 0.05
"""The probability with which a sequence ever excludes the truth."""


class Interval(NamedTuple):
    """An estimate with an interval."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is on one side of 0."""
        return self.low > 0 or self.high < 0


def mixture_of(difference: float, alpha: float = ALPHA) -> float:
    """The r with which a sequence is narrowest when the standard error is a third of a difference.

    It must not follow from the data. r = I / (2 log(1 / alpha) + log(2 log(1 / alpha) + 1)) for this time I, by
    Waudby-Smith et al., appendix B.2.
    """
    length = -2 * log(alpha)
    return (3 / difference) ** 2 / (length + log(length + 1))


def radius(variance: float, mixture: float, alpha: float = ALPHA) -> float:
    """Half the width of the interval of an estimate with a variance; infinite if the variance is not known.

    >>> round(radius(1e-6, mixture_of(0.003)) / 1e-3, 2)
    3.04
    """
    if not isfinite(variance) or variance <= 0:
        return inf
    time = 1 / variance
    return sqrt((time + mixture) * log((time + mixture) / (mixture * alpha * alpha))) / time


def sequence(estimate: float, variance: float, difference: float, alpha: float = ALPHA) -> Interval:
    """The interval of a confidence sequence at one moment.

    Args:
        estimate: of what is 0 if nothing differs.
        variance: of the estimate.
        difference: a difference that matters, see `mixture_of`.
        alpha: the probability with which the sequence ever excludes the truth.
    """
    half = radius(variance, mixture_of(difference, alpha), alpha)
    return Interval(estimate, estimate - half, estimate + half)
