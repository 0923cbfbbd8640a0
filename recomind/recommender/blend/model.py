"""The blend: a small network over features that learns from every like, test then learn.

A like says: of all the candidates, this one. The model of that choice is a softmax over candidates of a score
(multinomial logit; McFadden, 1974), and the score is a sum of three:

- the prior, a fixed weighing that is sensible for any audience and is soon overruled;
- a linear weighing, learned for all, and for each segment (the length of the history) in addition: where a segment has
  seen little, the weights of all decide;
- one hidden layer of rectified units over features and situation, which finds what a sum cannot say: that what comes
  next matters for someone in the middle of a session, and what trends for someone who is back after a week.

All of it takes an AdaGrad step (Duchi, Hazan and Singer, 2011) on the log likelihood of each like. The layer's way out
starts at zero, so that a blend that has learned little ranks as its prior does.
How this compares with fixed, multiplicative and linear weights: `docs/decisions/0005-learned-blend.md`.
"""

from collections.abc import Iterable
from math import log1p
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.recommender.blend import network
from recomind.recommender.blend.network import Case
from recomind.recommender.index.columns import Floats

RATE: Final = 0.03
"""Step of AdaGrad for the linear weights of all."""

OWN: Final = 0.5
"""Step of a segment's own weights, relative to that of all."""

DEEP: Final = 0.05
"""Step of AdaGrad for the hidden layer."""

SEGMENTS: Final = (1, 5, 15, 40)
"""Bounds of the segments by remembered likes: 0, 1 to 4, 5 to 14, 15 to 39, 40 and more."""

ROWS: Final = len(SEGMENTS) + 2
"""Rows of linear weights: of all, then each segment's own."""

WARM: Final = 1_000
"""Lessons over which the hidden layer's step grows to its full length: with few, it would learn them by heart."""

SETTLED: Final = 2_000
"""Lessons after which features' means and variances stay as they are."""

START: Final = 1e-2
"""AdaGrad's first sum of squares."""

FAR: Final = 8.0
"""Standard deviations at which features are cut off: an outlier must not shake the network."""

BEHIND: Final = 500
"""Lessons behind the others at which what a worker has learned counts as left by one that has gone."""

PACE: Final = 600.0
"""Unit of the time since a person's last action, seconds: a stored list lives as long, so shorter times tell little."""


class Situation(NamedTuple):
    """Whom, and when, one ranks for."""

    likes: int
    """Likes of the person that are remembered."""
    liked: int
    """Likes of the person, ever."""
    idle: float
    """Seconds since the person's last action; infinity for somebody new."""

    def figures(self) -> Floats:
        """As numbers near one: shape (network.SITUATION,)."""
        idle = log1p(min(self.idle, 1e7) / PACE) / 4 - 1
        return np.array([1.0, log1p(self.likes) / 2 - 1, idle, self.likes == 0, log1p(self.liked) / 2 - 1])


class Weights(msgspec.Struct, frozen=True):
    """What has been learned. Arrays are little-endian doubles; none before the first lesson."""

    version: int = 0
    """Lessons behind these weights, all workers' together."""
    lessons: int = 0
    """Of which this worker has had since it last took over what all have learned."""
    parameters: bytes = b""
    """Of the network, flat."""
    squares: bytes = b""
    """AdaGrad's sums of squared gradients, of the same length."""
    means: bytes = b""
    """Of features, shape (features,)."""
    variances: bytes = b""
    """Of features, shape (features,)."""

    def fits(self, features: int) -> bool:
        """Whether these are of so many features: another version of the software may have had others."""
        return len(self.parameters) == 8 * network.length(ROWS, features)

    def linear(self) -> Floats:
        """The linear weights: shape (ROWS, features)."""
        return network.view(_array(self.parameters), ROWS).linear


def segment(likes: int) -> int:
    """The row of linear weights that belongs to people with so many remembered likes."""
    return 1 + sum(likes >= bound for bound in SEGMENTS)


def score(weights: Weights, prior: Floats, features: Floats, situation: Situation) -> Floats:
    """A score a candidate: larger is better; the prior's, moved by what has been learned.

    Args:
        weights: what has been learned.
        prior: weights of features that hold before anything is learned, shape (features,).
        features: shape (candidates, features).
        situation: for whom and when.

    Returns:
        Shape (candidates,).
    """
    plain: Floats = features @ prior
    if not weights.version:
        return plain
    net, case = network.view(_array(weights.parameters), ROWS), _case(weights, features, situation)
    return plain + network.score(net, case, network.units(net, case))


def learn(weights: Weights, prior: Floats, features: Floats, liked: int, situation: Situation) -> Weights:
    """The weights after one like.

    Args:
        weights: before it.
        prior: as for `score`.
        features: of the candidates as they were before the like, shape (candidates, features).
        liked: which candidate was liked.
        situation: for whom and when.
    """
    known = _observe(weights, features)
    parameters, squares = _array(known.parameters).copy(), _array(known.squares).copy()
    net, case = network.view(parameters, ROWS), _case(known, features, situation)
    active = network.units(net, case)
    surprise = _surprise(features @ prior + network.score(net, case, active), liked)
    gradient = network.gradient(net, case, active, surprise)
    squares += gradient**2
    parameters += _steps(features.shape[1], case.own, known.version) * gradient / np.sqrt(squares)
    return msgspec.structs.replace(
        known,
        version=known.version + 1,
        lessons=known.lessons + 1,
        parameters=parameters.tobytes(),
        squares=squares.tobytes(),
    )


def merge(partials: Iterable[Weights]) -> Weights:
    """What all workers have learned together, from which each of them goes on.

    Workers start alike and meet every second, so the mean of their parameters, by the lessons each has had since they
    last met, learns from all of them (McMahan et al., "Communication-efficient learning", AISTATS 2017).
    """
    learned = [partial for partial in partials if partial.version]
    latest = max(learned, key=lambda partial: (partial.version, partial.lessons), default=Weights())
    teachers = [one for one in learned if one.lessons and _meets(one, latest)]
    if not teachers:
        return latest
    taught = sum(one.lessons for one in teachers)
    shares = np.array([one.lessons for one in teachers]) / taught

    def mean(field: str) -> bytes:
        stacked = np.stack([_array(getattr(one, field)) for one in teachers])
        return np.asarray(shares @ stacked).tobytes()

    version = max(one.version - one.lessons for one in teachers) + taught
    return Weights(version, 0, *(mean(field) for field in ("parameters", "squares", "means", "variances")))


def _meets(one: Weights, latest: Weights) -> bool:
    return one.version > latest.version - BEHIND and len(one.parameters) == len(latest.parameters)


def _surprise(scores: Floats, liked: int) -> Floats:
    """What happened less what was expected: 1 for the liked candidate, less each candidate's chance."""
    chances = np.exp(scores - scores.max())
    surprise: Floats = -chances / chances.sum()
    surprise[liked] += 1.0
    return surprise


def _steps(features: int, own: int, lessons: int) -> Floats:
    """AdaGrad's step of each parameter."""
    steps = np.full(network.length(ROWS, features), DEEP * min(1.0, lessons / WARM))
    rows = network.view(steps, ROWS).linear
    rows[:] = RATE
    rows[own] = RATE * OWN
    return steps


def _observe(weights: Weights, features: Floats) -> Weights:
    """Take features into their means and variances, until these have settled."""
    if weights.version >= SETTLED:
        return weights
    if not weights.version:
        parameters = network.fresh(ROWS, features.shape[1])
        squares = np.full(len(parameters), START)
        return Weights(0, 0, parameters.tobytes(), squares.tobytes(), *_moments(features, 0.0, 1.0, 1.0))
    step = max(1 / (1 + weights.version), 0.002)
    means, variances = _moments(features, _array(weights.means), _array(weights.variances), step)
    return msgspec.structs.replace(weights, means=means, variances=variances)


def _moments(features: Floats, means: Floats | float, variances: Floats | float, step: float) -> tuple[bytes, bytes]:
    moved = means + step * (features.mean(axis=0) - means)
    spread = ((features - moved) ** 2).mean(axis=0)
    return moved.tobytes(), np.maximum(variances + step * (spread - variances), 1e-4).tobytes()


def _case(weights: Weights, features: Floats, situation: Situation) -> Case:
    standard = features - _array(weights.means)
    standard /= np.sqrt(_array(weights.variances))
    return Case(np.clip(standard, -FAR, FAR, out=standard), situation.figures(), segment(situation.likes))


def _array(packed: bytes) -> Floats:
    return np.frombuffer(packed, "<f8")
