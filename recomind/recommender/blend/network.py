"""The network of the blend: linear weights beside one hidden layer, as views of one flat array of parameters.

One array, so that a step of AdaGrad, a mean over workers and a value in Redis are each one operation.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Floats

UNITS: Final = 16
"""Units of the hidden layer."""

SITUATION: Final = 5
"""Figures of a situation, the first of them 1: the units' bias."""


class Network(NamedTuple):
    """Views of the parameters, or of anything of their length."""

    linear: Floats
    """Shape (rows, features): weights of all, then each segment's own."""
    hidden: Floats
    """Shape (features, UNITS)."""
    situation: Floats
    """Shape (SITUATION, UNITS)."""
    output: Floats
    """Shape (UNITS,)."""


class Case(NamedTuple):
    """One decision: candidates, the situation, and the segment it falls into."""

    features: Floats
    """Standardised, shape (candidates, features)."""
    situation: Floats
    """Shape (SITUATION,)."""
    own: int
    """The segment's row of linear weights."""


def length(rows: int, features: int) -> int:
    """How many parameters there are."""
    return rows * features + (features + SITUATION + 1) * UNITS


def view(flat: Floats, rows: int) -> Network:
    """A flat array as a network."""
    features = (len(flat) - (SITUATION + 1) * UNITS) // (rows + UNITS)
    hidden = rows * features
    situation = hidden + features * UNITS
    output = situation + SITUATION * UNITS
    return Network(
        flat[:hidden].reshape(rows, features),
        flat[hidden:situation].reshape(features, UNITS),
        flat[situation:output].reshape(SITUATION, UNITS),
        flat[output:],
    )


def fresh(rows: int, features: int) -> Floats:
    """Parameters that score nothing yet: the hidden layer looks at random mixtures, the same in every worker."""
    draw, parameters = np.random.default_rng(0), np.zeros(length(rows, features))
    network = view(parameters, rows)
    network.hidden[:] = draw.normal(0.0, 1 / np.sqrt(features), network.hidden.shape)
    network.situation[1:] = draw.normal(0.0, 0.5, network.situation[1:].shape)
    return parameters


def units(network: Network, case: Case) -> Floats:
    """The hidden units of each candidate: shape (candidates, UNITS)."""
    active: Floats = np.maximum(case.features @ network.hidden + case.situation @ network.situation, 0.0)
    return active


def score(network: Network, case: Case, active: Floats) -> Floats:
    """A score a candidate: shape (candidates,)."""
    scores: Floats = case.features @ (network.linear[0] + network.linear[case.own]) + active @ network.output
    return scores


def gradient(network: Network, case: Case, active: Floats, surprise: Floats) -> Floats:
    """Of the log likelihood, in the layout of the parameters; other segments' rows are zero.

    Args:
        network: what scored.
        case: what was scored.
        active: the hidden units then.
        surprise: derivative of the log likelihood by each candidate's score, shape (candidates,).
    """
    flat = np.zeros(sum(part.size for part in network))
    into = view(flat, len(network.linear))
    into.linear[0] = into.linear[case.own] = surprise @ case.features
    through = np.outer(surprise, network.output) * (active > 0)
    into.hidden[:] = case.features.T @ through
    into.situation[:] = np.outer(case.situation, through.sum(axis=0))
    into.output[:] = surprise @ active
    return flat
