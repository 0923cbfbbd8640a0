"""A ranker: the log odds of a like by a logistic regression over the features of candidates."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.recommender.extensions.protocols import OUTCOME_FEATURES, RankingRequest
from recomind.recommender.index.video_index import VideoIndex

VARIABLE = "EXAMPLE_MODEL"
"""Names the file of the model."""

CLIP = 8.0
"""Standardised features are clipped to so many standard deviations."""


class Model(msgspec.Struct, frozen=True):
    """A trained model: JSON, so that a worker needs neither scikit-learn nor its version."""

    names: tuple[str, ...]
    """Of features, see `columns_of`."""
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    """Above zero."""
    weights: tuple[float, ...]
    """Of standardised features."""
    intercept: float

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log odds of a like: features of shape (candidates, features), result of shape (candidates,)."""
        standard = np.clip((features - np.array(self.means)) / np.array(self.deviations), -CLIP, CLIP)
        return standard @ np.array(self.weights) + self.intercept


class Logistic:
    """The ranker."""

    def __init__(self, path: str = "") -> None:
        """Read the model, by default from the file that EXAMPLE_MODEL names: when a worker starts.

        Raises:
            ValueError: no file is named, or it holds no model.
        """
        path = path or os.environ.get(VARIABLE, "")
        if not path:
            raise ValueError(f"set {VARIABLE} to a file that `python -m recomind_example train` has written")
        self.model = msgspec.json.decode(Path(path).read_bytes(), type=Model)

    def score(self, request: RankingRequest, index: VideoIndex) -> NDArray[np.float64]:
        """The log odds of a like, shape (candidates,)."""
        del index
        return self.model.log_odds(features_of(request, self.model.names))


def columns_of(request: RankingRequest) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """(name, values of shape (candidates,)) of every feature that a ranker gets."""
    yield from zip(request.feature_names, request.features.T, strict=True)
    yield from zip(OUTCOME_FEATURES, request.outcome_features.T, strict=True)
    for name, scores in request.sources.items():
        if name not in request.feature_names:  # sources of extensions: the others are features already
            yield f"source {name}", scores


def features_of(request: RankingRequest, names: tuple[str, ...]) -> NDArray[np.float64]:
    """The features of these names, shape (candidates, names); those that there are not, are 0."""
    known, missing = dict(columns_of(request)), np.zeros(len(request.rows))
    return np.column_stack([known.get(name, missing) for name in names])
