"""The retrained model: item-item ridge regression over who liked what, on the head of the catalogue.

EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): with the Gram matrix G = X'X of
likes, P = inverse(G + RIDGE I), the weight of video i for video j is -P[i, j] / P[j, j].
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEAD: Final = 3_000
"""Most liked videos that are modelled: inverting their Gram matrix takes seconds and 100 MB."""

RIDGE: Final = 500.0
"""Regularisation, in likes."""

TOP: Final = 60
"""Neighbours kept of a video."""

HISTORY: Final = 100
"""Likes of a person that count, the latest."""

Lists = Mapping[str, tuple[tuple[str, float], ...]]


def train(likes: Sequence[tuple[str, str]]) -> Lists:
    """Neighbour lists of videos.

    Args:
        likes: (user id, video id), person by person, newest first.

    Returns:
        Video id to (video id, weight), strongest first, weights above zero.
    """
    head = [video for video, _ in Counter(video for _, video in likes).most_common(HEAD)]
    if len(head) < 2:
        return {}
    weights = _solve(_gram(likes, {video: row for row, video in enumerate(head)}))
    return {video: _strongest(head, weights[row]) for row, video in enumerate(head)}


def _gram(likes: Sequence[tuple[str, str]], rows: Mapping[str, int]) -> NDArray[np.float64]:
    gram = np.zeros((len(rows), len(rows)))
    for _, group in groupby(likes, key=lambda like: like[0]):
        liked = list(dict.fromkeys(rows[video] for _, video in group if video in rows))[:HISTORY]
        gram[np.ix_(liked, liked)] += 1
    return gram


def _solve(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.inv(gram + RIDGE * np.eye(len(gram)))
    weights: NDArray[np.float64] = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0)
    return weights


def _strongest(head: Sequence[str], weights: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    rows = np.argpartition(-weights, TOP)[:TOP] if len(weights) > TOP else np.arange(len(weights))
    rows = rows[np.lexsort((rows, -weights[rows]))]
    return tuple((head[row], float(weights[row])) for row in rows.tolist() if weights[row] > 0)
