"""Whether the arms have as many users as their shares say: if not, some users are lost, and no figure can be trusted.

The test may be looked at at any time: its e-value is the Bayes factor of a multinomial with a Dirichlet prior against
the shares. Under the shares it ever exceeds 1 / alpha with a probability of at most alpha. Lindon and Malek,
"Anytime-valid inference for multinomial count data", 2022, equation 7.
"""

from collections.abc import Sequence
from math import exp, inf, lgamma, log
from typing import Final

ALPHA: Final = 0.001
"""The probability of a false alarm, over all times."""

CONCENTRATION: Final = 100.0
"""Of the prior around the shares: deviations of a few per cent are found soonest."""

_MAX_LOG: Final = 700.0


def log_e_value(counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """The logarithm of the evidence against the shares.

    Args:
        counts: users of each arm.
        shares: of the arms, greater than 0; they need not sum to 1.
        concentration: of the prior.

    >>> log_e_value([500, 500], [1, 1]) < 0 < log_e_value([600, 400], [1, 1])
    True
    """
    total = sum(shares)
    found = lgamma(concentration) - lgamma(concentration + sum(counts))
    for count, share in zip(counts, shares, strict=True):
        expected = share / total
        found += lgamma(concentration * expected + count) - lgamma(concentration * expected)
        found -= count * log(expected) if count else 0.0
    return found


def e_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The evidence against the shares; infinite if it is too large for a float."""
    logarithm = log_e_value(counts, shares)
    return exp(logarithm) if logarithm < _MAX_LOG else inf


def is_mismatch(counts: Sequence[int], shares: Sequence[float], alpha: float = ALPHA) -> bool:
    """Whether the numbers of users contradict the shares."""
    return log_e_value(counts, shares) >= -log(alpha)
