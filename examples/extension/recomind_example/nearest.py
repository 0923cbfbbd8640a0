"""A source: the videos nearest to those that the user liked or watched lately, by embeddings."""

import os
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.candidates.types import NO_CANDIDATES, Candidates, UserContext
from recomind.recommender.index.video_index import VideoIndex
from recomind_example.embeddings import read_embeddings

VARIABLE = "EXAMPLE_EMBEDDINGS"
"""Names the file. Names that begin with RECOMIND_ are settings of RecoMind itself."""

MAX_SEEDS = 20
"""So many of the user's latest likes count, each less than the one after it."""

DECAY = 0.9

MAX_CANDIDATES = 100


class Nearest:
    """The source."""

    def __init__(self, path: str = "") -> None:
        """Read the embeddings, by default from the file that EXAMPLE_EMBEDDINGS names: when a worker starts.

        Raises:
            ValueError: no file is named, or it holds no embeddings.
        """
        path = path or os.environ.get(VARIABLE, "")
        if not path:
            raise ValueError(f"set {VARIABLE} to a file of embeddings")
        self._ids, self._vectors = read_embeddings(Path(path))
        self._numbers = {video_id: number for number, video_id in enumerate(self._ids)}
        self._known: WeakKeyDictionary[VideoIndex, _Rows] = WeakKeyDictionary()

    def propose(self, user: UserContext, index: VideoIndex) -> Candidates:
        """The videos with the largest cosine to the user's taste, which is the decayed mean of the vectors of likes."""
        rows = self._known.setdefault(index, _Rows(len(self._ids)))
        rows.update(index, self._numbers)
        seeds = rows.numbers[list(user.positives[:MAX_SEEDS])]
        weights = DECAY ** np.arange(len(seeds)) * (seeds >= 0)
        if not weights.any():
            return NO_CANDIDATES
        cosines = self._vectors @ (weights @ self._vectors[seeds]).astype(np.float32)
        cosines[seeds[seeds >= 0]] = cosines[rows.rows < 0] = 0.0
        best = np.argpartition(-cosines, MAX_CANDIDATES)[:MAX_CANDIDATES] if len(cosines) > MAX_CANDIDATES else ...
        found, scores = rows.rows[best], cosines[best].astype(float)
        return Candidates(found[scores > 0], scores[scores > 0])


class _Rows:
    """Rows of an index and numbers of vectors; the index grows while a worker runs."""

    def __init__(self, vectors: int) -> None:
        self.rows: NDArray[np.int64] = np.full(vectors, -1)
        """Row of each vector's video; -1 if the index does not know it."""
        self.numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        """Number of the vector of each row; -1 for a video without one."""

    def update(self, index: VideoIndex, numbers: dict[str, int]) -> None:
        """Look up the videos that were added to the index since the last call."""
        start = len(self.numbers)
        if start == index.size:
            return
        added = np.array([numbers.get(video_id, -1) for video_id in index.ids[start:]], np.int64)
        self.numbers = np.concatenate([self.numbers, added])
        self.rows[added[added >= 0]] = start + np.flatnonzero(added >= 0)
