"""The blend: weights of features that learn from every like, test then learn.

A like says: of all the candidates, this one. The model of that choice is a softmax over candidates of a linear score
(multinomial logit; McFadden, 1974), and its weights take an AdaGrad step (Duchi, Hazan and Singer, 2011) on the log
likelihood of each like. A person's segment, the length of the history, has weights of its own that are added to
the weights of all, and learn at half their rate: where a segment has seen little, those of all decide.
How this compares with fixed and with multiplicative weights: `docs/decisions/0005-learned-blend.md`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from recomind.ranking.index import Floats

RATE: Final = 0.03
"""Step of AdaGrad."""

OWN: Final = 0.5
"""Rate of a segment's own weights, relative to that of all."""

SEGMENTS: Final = (1, 5, 15, 40)
"""Bounds of the segments by remembered likes: 0, 1 to 4, 5 to 14, 15 to 39, 40 and more."""

SETTLED: Final = 2_000
"""Lessons after which features' means and variances stay as they are."""

START: Final = 1e-2
"""AdaGrad's first sum of squares."""


class Weights(msgspec.Struct, frozen=True):
    """What has been learned. Arrays are little-endian doubles; none before the first lesson."""

    version: int = 0
    """Lessons learned."""
    weights: bytes = b""
    """Shape (1 + segments, features): of all, then each segment's own."""
    squares: bytes = b""
    """AdaGrad's sums of squared gradients, of the same shape."""
    means: bytes = b""
    """Of features, shape (features,)."""
    variances: bytes = b""
    """Of features, shape (features,)."""

    def matrix(self) -> Floats:
        """The weights as an array of shape (1 + segments, features)."""
        return _array(self.weights).reshape(len(SEGMENTS) + 2, -1)


def segment(likes: int) -> int:
    """The row of `Weights.matrix` that belongs to people with so many remembered likes."""
    return 1 + sum(likes >= bound for bound in SEGMENTS)


def score(weights: Weights, prior: Floats, features: Floats, likes: int) -> Floats:
    """A score a candidate: larger is better; the prior's, moved by what has been learned.

    Args:
        weights: what has been learned.
        prior: weights of features that hold before anything is learned, shape (features,).
        features: shape (candidates, features).
        likes: how many likes of the person are remembered.
    """
    plain: Floats = features @ prior
    if not weights.version:
        return plain
    matrix = weights.matrix()
    learned: Floats = _standard(weights, features) @ (matrix[0] + matrix[segment(likes)])
    return plain + learned


def learn(weights: Weights, prior: Floats, features: Floats, liked: int, likes: int) -> Weights:
    """The weights after one like.

    Args:
        weights: before it.
        prior: as for `score`.
        features: of the candidates as they were before the like, shape (candidates, features).
        liked: which candidate was liked.
        likes: how many likes of the person were remembered.
    """
    known = _observe(weights, features)
    standard, matrix, squares, own = _standard(known, features), known.matrix().copy(), _squares(known), segment(likes)
    logits = features @ prior + standard @ (matrix[0] + matrix[own])
    chances = np.exp(logits - logits.max())
    gradient = standard[liked] - (chances / chances.sum()) @ standard
    for row, rate in ((0, RATE), (own, RATE * OWN)):
        squares[row] += gradient**2
        matrix[row] += rate * gradient / np.sqrt(squares[row])
    return Weights(known.version + 1, matrix.tobytes(), squares.tobytes(), known.means, known.variances)


def merge(partials: Iterable[Weights]) -> Weights:
    """What all workers have learned together: each counts by how many lessons it has had."""
    learned = [partial for partial in partials if partial.version]
    if len(learned) < 2 or len({len(partial.weights) for partial in learned}) > 1:
        return max(learned, key=lambda partial: partial.version, default=Weights())
    shares = np.array([partial.version for partial in learned], float)
    total, shares = int(shares.sum()), shares / shares.sum()

    def mean(field: str) -> bytes:
        stacked = np.stack([_array(getattr(partial, field)) for partial in learned])
        return np.asarray(shares @ stacked).tobytes()

    return Weights(total, *(mean(field) for field in ("weights", "squares", "means", "variances")))


def _observe(weights: Weights, features: Floats) -> Weights:
    """Take features into their means and variances, until these have settled."""
    if weights.version >= SETTLED:
        return weights
    if not weights.version:
        shape = (len(SEGMENTS) + 2, features.shape[1])
        zeros, squares = np.zeros(shape), np.full(shape, START)
        return Weights(0, zeros.tobytes(), squares.tobytes(), *_moments(features, 0.0, 1.0, 1.0))
    step = max(1 / (1 + weights.version), 0.002)
    means, variances = _moments(features, _array(weights.means), _array(weights.variances), step)
    return msgspec.structs.replace(weights, means=means, variances=variances)


def _moments(features: Floats, means: Floats | float, variances: Floats | float, step: float) -> tuple[bytes, bytes]:
    moved = means + step * (features.mean(axis=0) - means)
    spread = ((features - moved) ** 2).mean(axis=0)
    return moved.tobytes(), np.maximum(variances + step * (spread - variances), 1e-4).tobytes()


def _standard(weights: Weights, features: Floats) -> Floats:
    standard: Floats = (features - _array(weights.means)) / np.sqrt(_array(weights.variances))
    return standard


def _squares(weights: Weights) -> Floats:
    return _array(weights.squares).reshape(len(SEGMENTS) + 2, -1).copy()


def _array(packed: bytes) -> Floats:
    return np.frombuffer(packed, "<f8")
