"""Embeddings of videos in a file.

- `.npz`: arrays `ids`, shape (videos,), and `vectors`, shape (videos, dimensions).
- any other name: CSV, a line a video: the id, then the numbers of its vector. There is no header.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Embeddings(NamedTuple):
    """Vectors of videos."""

    ids: list[str]
    vectors: NDArray[np.float32]
    """Shape (videos, dimensions), each of length 1 or 0."""


def read_embeddings(path: Path) -> Embeddings:
    """Read a file.

    Raises:
        ValueError: it does not have a vector of the same length for each id.
        OSError: it cannot be read.
    """
    if path.suffix == ".npz":
        with np.load(path) as file:
            ids, vectors = [str(one) for one in file["ids"]], np.asarray(file["vectors"], np.float32)
    else:
        with path.open(newline="") as lines:
            rows = [row for row in csv.reader(lines) if row]
        if len({len(row) for row in rows}) > 1:
            raise ValueError(f"{path}: vectors have different lengths")
        ids, vectors = [row[0] for row in rows], np.array([row[1:] for row in rows], np.float32)
    if vectors.ndim != 2 or len(vectors) != len(ids) or not np.isfinite(vectors).all():
        raise ValueError(f"{path}: {len(ids)} ids have vectors of shape {vectors.shape}, or not all numbers are finite")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(ids, vectors / np.where(lengths > 0, lengths, 1))


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write a file `.npz`."""
    np.savez_compressed(path, ids=np.array(embeddings.ids), vectors=embeddings.vectors)
