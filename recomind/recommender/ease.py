"""Training of the item-item model: ridge regression over users' likes, for the most liked videos.

EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): with the Gram matrix G = X'X of
likes, P = inverse(G + RIDGE I), the weight of video i for video j is -P[i, j] / P[j, j].
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_VIDEOS: Final = 3_000
"""Most liked videos that are modelled: inverting their Gram matrix takes seconds and 100 MB."""

RIDGE: Final = 500.0
"""L2 regularisation, in likes."""

NEIGHBOURS_PER_VIDEO: Final = 60
"""Neighbours kept of a video, the strongest."""

LIKES_PER_USER: Final = 100
"""Likes of a user that count, the latest."""

ItemNeighbours = Mapping[str, tuple[tuple[str, float], ...]]
"""Video id to (video id, weight), strongest first."""


def train(likes: Sequence[tuple[str, str]]) -> ItemNeighbours:
    """Train the model.

    Args:
        likes: (user id, video id), grouped by user, newest first.

    Returns:
        The neighbours of each modelled video, with weights above zero.
    """
    videos = [video for video, _ in Counter(video for _, video in likes).most_common(MAX_VIDEOS)]
    if len(videos) < 2:
        return {}
    weights = _solve(_gram_matrix(likes, {video: row for row, video in enumerate(videos)}))
    return {video: _strongest(videos, weights[row]) for row, video in enumerate(videos)}


def _gram_matrix(likes: Sequence[tuple[str, str]], rows: Mapping[str, int]) -> NDArray[np.float64]:
    gram = np.zeros((len(rows), len(rows)))
    for _, group in groupby(likes, key=lambda like: like[0]):
        liked = list(dict.fromkeys(rows[video] for _, video in group if video in rows))[:LIKES_PER_USER]
        gram[np.ix_(liked, liked)] += 1
    return gram


def _solve(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.inv(gram + RIDGE * np.eye(len(gram)))
    weights: NDArray[np.float64] = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0)
    return weights


def _strongest(videos: Sequence[str], weights: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    n = NEIGHBOURS_PER_VIDEO
    rows = np.argpartition(-weights, n)[:n] if len(weights) > n else np.arange(len(weights))
    rows = rows[np.lexsort((rows, -weights[rows]))]
    return tuple((videos[row], float(weights[row])) for row in rows.tolist() if weights[row] > 0)
