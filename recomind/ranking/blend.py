"""The blend of sources: weights that learn from every like which source would have shown it.

Multiplicative weights (Hedge; Freund and Schapire, 1997): a source gains the reciprocal of the rank at which it had
the liked video, `w <- w * exp(RATE * gain)`, and weights are normalised to a mean of 1.
"""

from collections.abc import Iterable, Mapping
from math import exp
from typing import Final

import msgspec
import numpy as np

from recomind.ranking.index import Floats

RATE: Final = 0.02
"""Learning rate per like."""

FLOOR: Final = 0.05
"""No weight falls below it, so that a source can come back when the audience changes."""


class Weights(msgspec.Struct, frozen=True):
    """A weight for each source, and how many likes they were learned from: their version."""

    version: int = 0
    of: dict[str, float] = {}
    """Source to weight; 1 where none was learned."""


def blend(weights: Weights, scores: Mapping[str, Floats]) -> Floats:
    """One score a candidate: sum over sources of weight * score / the source's largest score.

    Args:
        weights: of the sources.
        scores: source to scores of shape (candidates,), 0 where the source does not propose one.
    """
    total: Floats = np.sum(
        [weights.of.get(name, 1.0) * row / max(1e-12, row.max(initial=0)) for name, row in scores.items()], axis=0
    )
    return total


def learn(weights: Weights, gains: Mapping[str, float]) -> Weights:
    """The weights after one like.

    Args:
        weights: before it.
        gains: source to the reciprocal of the rank at which it had the video, 0 where it had it not.
    """
    raw = {name: weights.of.get(name, 1.0) * exp(RATE * gain) for name, gain in gains.items()}
    mean = sum(raw.values()) / max(1, len(raw))
    return Weights(weights.version + 1, {name: max(FLOOR, weight / mean) for name, weight in raw.items()})


def merge(partials: Iterable[Weights]) -> Weights:
    """The weights of all workers together: each counts by how many likes it has learned from."""
    learned = [partial for partial in partials if partial.version]
    total = sum(partial.version for partial in learned)
    names = {name for partial in learned for name in partial.of}
    return Weights(
        total,
        {name: sum(p.of.get(name, 1.0) * p.version for p in learned) / total for name in sorted(names)},
    )
