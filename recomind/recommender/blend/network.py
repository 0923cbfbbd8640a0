"""The blend's network: linear weights beside one hidden layer, as views of one flat array of parameters.

With one array, a step of AdaGrad, a mean over workers and a value in Redis are each a single operation.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Floats

HIDDEN_UNITS: Final = 16

CONTEXT_SIZE: Final = 5
"""Number of context features, the first of them 1: the hidden units' bias."""


class Network(NamedTuple):
    """Views of the parameters, or of any array of their length, such as a gradient."""

    linear: Floats
    """Shape (rows, features): the shared weights, then each segment's."""
    hidden: Floats
    """From features to hidden units, shape (features, HIDDEN_UNITS)."""
    context: Floats
    """From context features to hidden units, shape (CONTEXT_SIZE, HIDDEN_UNITS)."""
    output: Floats
    """Shape (HIDDEN_UNITS,)."""


class Instance(NamedTuple):
    """One choice: the candidates, the context, and the segment it falls into."""

    features: Floats
    """Standardised, shape (candidates, features)."""
    context: Floats
    """Shape (CONTEXT_SIZE,)."""
    segment_row: int
    """The segment's row of linear weights."""


def parameter_count(rows: int, features: int) -> int:
    """The number of parameters for so many rows of linear weights and so many features."""
    return rows * features + (features + CONTEXT_SIZE + 1) * HIDDEN_UNITS


def view(flat: Floats, rows: int) -> Network:
    """View a flat array as a network with so many rows of linear weights."""
    features = (len(flat) - (CONTEXT_SIZE + 1) * HIDDEN_UNITS) // (rows + HIDDEN_UNITS)
    hidden = rows * features
    context = hidden + features * HIDDEN_UNITS
    output = context + CONTEXT_SIZE * HIDDEN_UNITS
    return Network(
        flat[:hidden].reshape(rows, features),
        flat[hidden:context].reshape(features, HIDDEN_UNITS),
        flat[context:output].reshape(CONTEXT_SIZE, HIDDEN_UNITS),
        flat[output:],
    )


def initial_parameters(rows: int, features: int) -> Floats:
    """Parameters that score every candidate 0: output weights are zero, the hidden layer's random with a fixed seed."""
    rng, parameters = np.random.default_rng(0), np.zeros(parameter_count(rows, features))
    network = view(parameters, rows)
    network.hidden[:] = rng.normal(0.0, 1 / np.sqrt(features), network.hidden.shape)
    network.context[1:] = rng.normal(0.0, 0.5, network.context[1:].shape)
    return parameters


def hidden_activations(network: Network, instance: Instance) -> Floats:
    """The rectified hidden units of each candidate: shape (candidates, HIDDEN_UNITS)."""
    activations: Floats = np.maximum(instance.features @ network.hidden + instance.context @ network.context, 0.0)
    return activations


def score(network: Network, instance: Instance, activations: Floats) -> Floats:
    """The score of each candidate: shape (candidates,)."""
    linear = network.linear[0] + network.linear[instance.segment_row]
    scores: Floats = instance.features @ linear + activations @ network.output
    return scores


def gradient(network: Network, instance: Instance, activations: Floats, residual: Floats) -> Floats:
    """The gradient of the log likelihood, in the layout of the parameters; other segments' rows are zero.

    Args:
        network: the network that scored.
        instance: what it scored.
        activations: its hidden activations.
        residual: the derivative of the log likelihood by each candidate's score, shape (candidates,).
    """
    flat = np.zeros(sum(part.size for part in network))
    result = view(flat, len(network.linear))
    result.linear[0] = result.linear[instance.segment_row] = residual @ instance.features
    backward = np.outer(residual, network.output) * (activations > 0)
    result.hidden[:] = instance.features.T @ backward
    result.context[:] = np.outer(instance.context, backward.sum(axis=0))
    result.output[:] = residual @ activations
    return flat
