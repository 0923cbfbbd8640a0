"""What an outcome adds to the factor model, as it travels in a signal: half floats.

The video's increments come first, shape (2, WIDTH), so that a fold of the video needs no more; then those of each tag,
shape (tags, 2, WIDTH); then precision and precision times mean of the creator's bias and of the common bias.
"""

from typing import Final

import numpy as np

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemIncrements

MAX_VALUE: Final = 6e4
"""Bound of a value: half floats end at 65,504."""


def pack(added: ItemIncrements) -> bytes:
    """Increments as bytes."""
    tags = added.tags.transpose(1, 0, 2)
    biases = (added.creator[:, -1], added.common[:, -1])
    values = np.concatenate([added.video.ravel(), tags.ravel(), *biases])
    packed: bytes = np.minimum(np.maximum(values, -MAX_VALUE), MAX_VALUE).astype("<f2").tobytes()
    return packed


def unpack(packed: bytes) -> ItemIncrements:
    """Increments from bytes."""
    values = np.frombuffer(packed, "<f2").astype(np.float32)
    items, biases = values[:-4].reshape(-1, 2, WIDTH), np.zeros((2, 2, WIDTH), np.float32)
    biases[:, :, -1] = values[-4:].reshape(2, 2)
    return ItemIncrements(items[0], items[1:].transpose(1, 0, 2), biases[0], biases[1])
