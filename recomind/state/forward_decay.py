"""Exponentially decayed sums without periodic updates.

A score is the logarithm of the sum of `exp(rate * t)` over the actions at times `t` (forward decay; Cormode,
Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009). The order of two scores is the same at any later time.
"""

from collections.abc import Iterable
from math import exp, inf, log1p

Scores = tuple[float, ...]
"""A log-score for each of several decay rates; -inf if there was no action."""


def decayed_count(score: float, rate: float, now: float) -> float:
    """The decayed count of a log-score as of `now`.

    >>> from math import log
    >>> rate = log(2) / 60
    >>> round(decayed_count(rate * 0, rate, 60), 3)  # one action, one half-life ago
    0.5
    """
    return exp(score - rate * now)


def log_add_each(scores: Scores, terms: Iterable[float]) -> Scores:
    """log(exp(score) + exp(term)) of each pair, without overflow; it is the hottest loop of the fold."""
    pairs = zip(scores, terms, strict=True)
    return tuple(
        [one + log1p(exp(more)) if (more := term - one) < 0.0 else term + log1p(exp(-more)) for one, term in pairs]
    )


def log_subtract_each(scores: Scores, terms: Iterable[float]) -> Scores:
    """log(exp(score) - exp(term)) of each pair; -inf where nothing is left."""
    pairs = zip(scores, terms, strict=True)
    return tuple([one + log1p(-exp(term - one)) if term < one else -inf for one, term in pairs])
