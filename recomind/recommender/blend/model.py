"""The blend: a small network over features that learns online from every like (test, then train).

A like is a choice of one candidate among all. The model of that choice is a softmax over candidates' scores
(multinomial logit; McFadden, 1974), and a score is the sum of three terms:

- the prior: fixed weights that suit any audience and are soon outweighed by what is learned;
- a linear term: shared weights plus weights of the user's segment (by length of history), so that the shared weights
  dominate where a segment has few examples;
- a hidden layer of rectified units over features and context, for interactions such as: transitions matter for a user
  in the middle of a session, trending videos for one who returns after a week.

All parameters take an AdaGrad step (Duchi, Hazan and Singer, 2011) on the log likelihood of each like. The output
weights start at zero, so that an untrained blend ranks as its prior does.
For a comparison with fixed, multiplicative and linear weights see `docs/decisions/0005`.
"""

from collections.abc import Iterable
from math import log1p
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.recommender.blend import network
from recomind.recommender.blend.network import Instance
from recomind.recommender.blend.outcomes import OutcomeWeights, merge_outcomes
from recomind.recommender.index.columns import Floats

LEARNING_RATE: Final = 0.03
"""AdaGrad's step for the shared linear weights."""

SEGMENT_LR_FACTOR: Final = 0.5
"""Step of a segment's weights, relative to `LEARNING_RATE`."""

HIDDEN_LR: Final = 0.05
"""AdaGrad's step for the hidden layer."""

SEGMENT_BOUNDS: Final = (1, 5, 15, 40)
"""Segments by remembered likes: 0, 1 to 4, 5 to 14, 15 to 39, 40 and more."""

LINEAR_ROWS: Final = len(SEGMENT_BOUNDS) + 2
"""Rows of linear weights: the shared ones, then each segment's."""

WARMUP_STEPS: Final = 1_000
"""Training steps over which the hidden layer's step grows to `HIDDEN_LR`, against overfitting to the first examples."""

SCALER_FREEZE_AFTER: Final = 2_000
"""Training steps after which the features' means and variances are no longer updated."""

ADAGRAD_INIT: Final = 1e-2
"""AdaGrad's initial sum of squared gradients."""

CLIP_STD: Final = 8.0
"""Standardised features are clipped to this many standard deviations, against outliers."""

STALE_AFTER: Final = 500
"""A worker's weights that lag by more training steps than this come from a dead worker."""

IDLE_SCALE_S: Final = 600.0
"""Unit of the time since a user's last action: below the lifetime of a stored list, times hardly differ."""


class Context(NamedTuple):
    """The user's state at the time of ranking."""

    remembered_likes: int
    """Likes in the user's profile."""
    total_likes: int
    """All likes of the user."""
    idle_s: float
    """Seconds since the user's last action; infinity for a new user."""

    def features(self) -> Floats:
        """As numbers near one: shape (network.CONTEXT_SIZE,)."""
        likes = self.remembered_likes
        idle = log1p(min(self.idle_s, 1e7) / IDLE_SCALE_S) / 4 - 1
        return np.array([1.0, log1p(likes) / 2 - 1, idle, likes == 0, log1p(self.total_likes) / 2 - 1])


class Weights(msgspec.Struct, frozen=True):
    """The learned parameters. Arrays are packed little-endian doubles, empty before the first training step."""

    version: int = 0
    """Training steps behind these weights, all workers' together."""
    steps: int = msgspec.field(default=0, name="lessons")
    """This worker's steps since it last adopted the merged weights."""
    parameters: bytes = b""
    """Of the network, flat."""
    squares: bytes = b""
    """AdaGrad's sums of squared gradients, of the same length."""
    means: bytes = b""
    """Of features, shape (features,)."""
    variances: bytes = b""
    """Of features, shape (features,)."""
    outcomes: OutcomeWeights = OutcomeWeights()
    """How much the blend and the factor model count."""

    def fits(self, features: int) -> bool:
        """Whether these weights are for so many features; another version of the software may have had others."""
        return not self.version or len(self.parameters) == 8 * network.parameter_count(LINEAR_ROWS, features)

    def linear(self) -> Floats:
        """The linear weights: shape (LINEAR_ROWS, features)."""
        return network.view(_unpack(self.parameters), LINEAR_ROWS).linear


def segment_row(likes: int) -> int:
    """The row of linear weights of the segment of users with so many remembered likes."""
    return 1 + sum(likes >= bound for bound in SEGMENT_BOUNDS)


def score(weights: Weights, prior: Floats, features: Floats, context: Context) -> Floats:
    """The score of each candidate; larger is better.

    Args:
        weights: what has been learned.
        prior: fixed weights of features, shape (features,).
        features: shape (candidates, features).
        context: the user's state.

    Returns:
        Shape (candidates,).
    """
    prior_scores: Floats = features @ prior
    if not weights.version:
        return prior_scores
    net, instance = network.view(_unpack(weights.parameters), LINEAR_ROWS), _instance(weights, features, context)
    return prior_scores + network.score(net, instance, network.hidden_activations(net, instance))


def learn(weights: Weights, prior: Floats, features: Floats, liked: int, context: Context) -> Weights:
    """The weights after a training step on one like.

    Args:
        weights: before the step.
        prior: as for `score`.
        features: of the candidates as they were before the like, shape (candidates, features).
        liked: position of the liked candidate.
        context: the user's state.
    """
    known = _update_scaler(weights, features)
    parameters, squares = _unpack(known.parameters).copy(), _unpack(known.squares).copy()
    net, instance = network.view(parameters, LINEAR_ROWS), _instance(known, features, context)
    activations = network.hidden_activations(net, instance)
    residual = _residual(features @ prior + network.score(net, instance, activations), liked)
    gradient = network.gradient(net, instance, activations, residual)
    squares += gradient**2
    parameters += _learning_rates(features.shape[1], instance.segment_row, known.version) * gradient / np.sqrt(squares)
    return msgspec.structs.replace(
        known,
        version=known.version + 1,
        steps=known.steps + 1,
        parameters=parameters.tobytes(),
        squares=squares.tobytes(),
    )


def merge(partials: Iterable[Weights]) -> Weights:
    """Merge the weights of all workers, as the start of each worker's next steps.

    Workers start from the same weights and merge every second. The merged parameters are the mean, weighted by each
    worker's steps since the last merge (McMahan et al., "Communication-efficient learning", AISTATS 2017).
    """
    partials = list(partials)
    outcomes = merge_outcomes(partial.outcomes for partial in partials)
    learned = [partial for partial in partials if partial.version]
    latest = max(learned, key=lambda partial: (partial.version, partial.steps), default=Weights())
    contributors = [one for one in learned if one.steps and _is_current(one, latest)]
    if not contributors:
        return msgspec.structs.replace(latest, outcomes=outcomes)
    steps = sum(one.steps for one in contributors)
    shares = np.array([one.steps for one in contributors]) / steps

    def mean(field: str) -> bytes:
        stacked = np.stack([_unpack(getattr(one, field)) for one in contributors])
        return np.asarray(shares @ stacked).tobytes()

    version = max(one.version - one.steps for one in contributors) + steps
    merged = {field: mean(field) for field in ("parameters", "squares", "means", "variances")}
    return msgspec.structs.replace(latest, version=version, steps=0, outcomes=outcomes, **merged)


def _is_current(one: Weights, latest: Weights) -> bool:
    return one.version > latest.version - STALE_AFTER and len(one.parameters) == len(latest.parameters)


def _residual(scores: Floats, liked: int) -> Floats:
    """Observed minus predicted: 1 for the liked candidate, 0 for others, minus each candidate's softmax probability."""
    exponentials = np.exp(scores - scores.max())
    residual: Floats = -exponentials / exponentials.sum()
    residual[liked] += 1.0
    return residual


def _learning_rates(features: int, segment: int, steps: int) -> Floats:
    """AdaGrad's step of each parameter; `segment` is the row of the user's segment."""
    rate = HIDDEN_LR * min(1.0, steps / WARMUP_STEPS)
    rates = np.full(network.parameter_count(LINEAR_ROWS, features), rate)
    linear = network.view(rates, LINEAR_ROWS).linear
    linear[:] = LEARNING_RATE
    linear[segment] = LEARNING_RATE * SEGMENT_LR_FACTOR
    return rates


def _update_scaler(weights: Weights, features: Floats) -> Weights:
    """Update the features' means and variances until they are frozen; make the parameters before the first step."""
    if weights.version >= SCALER_FREEZE_AFTER:
        return weights
    if not weights.version:
        parameters = network.initial_parameters(LINEAR_ROWS, features.shape[1])
        squares = np.full(len(parameters), ADAGRAD_INIT)
        moments = _moments(features, 0.0, 1.0, 1.0)
        return Weights(0, 0, parameters.tobytes(), squares.tobytes(), *moments, outcomes=weights.outcomes)
    step = max(1 / (1 + weights.version), 0.002)
    means, variances = _moments(features, _unpack(weights.means), _unpack(weights.variances), step)
    return msgspec.structs.replace(weights, means=means, variances=variances)


def _moments(features: Floats, means: Floats | float, variances: Floats | float, step: float) -> tuple[bytes, bytes]:
    """Exponential moving means and variances after one more set of candidates."""
    moved = means + step * (features.mean(axis=0) - means)
    spread = ((features - moved) ** 2).mean(axis=0)
    return moved.tobytes(), np.maximum(variances + step * (spread - variances), 1e-4).tobytes()


def _instance(weights: Weights, features: Floats, context: Context) -> Instance:
    standard = features - _unpack(weights.means)
    standard /= np.sqrt(_unpack(weights.variances))
    np.clip(standard, -CLIP_STD, CLIP_STD, out=standard)
    return Instance(standard, context.features(), segment_row(context.remembered_likes))


def _unpack(packed: bytes) -> Floats:
    return np.frombuffer(packed, "<f8")
