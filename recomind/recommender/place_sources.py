"""Which sources proposed the video of each place, as bits that are stored with a list.

A place takes two bytes, little-endian: a bit for each source, and the highest bit for a place that was drawn for
exploration. The bits are stored in lists and events, so the bit of a source never changes.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.index.columns import Floats

EXTENSIONS: Final = "extensions"

BITS: Final[Mapping[str, int]] = {
    "trending": 0,
    "tags": 1,
    "liked_together": 2,
    "watched_next": 3,
    "next_lately": 4,
    "similar_users": 5,
    "fresh": 6,
    "retrained": 7,
    "factors": 8,
    "followed": 9,
    EXTENSIONS: 14,
}
"""Source to its bit; `extensions` are all that are not built in.

A new source gets the next one; the bit of a source that was removed is not used again.
"""

MAX_SOURCES: Final = 15

DRAWN: Final = 15
"""The bit of a drawn place."""

PLACE_BYTES: Final = 2

Bits = NDArray[np.uint16]

_VALUES: Final = np.array([1 << BITS[name] for name in SOURCES], np.uint16)
_BY_EXTENSION: Final = np.uint16(1 << BITS[EXTENSIONS])
_DRAWN_BY: Final = np.uint16(1 << DRAWN | 1 << BITS["fresh"])


def pack(scores: Floats, is_drawn: NDArray[np.bool_]) -> bytes:
    """Pack the sources of places.

    Args:
        scores: of each source, the built-in ones first, zero where it did not propose the video; (sources, places).
        is_drawn: whether a place was drawn for a new upload, shape (places,).
    """
    has_proposed = scores.round(4) > 0
    proposed = has_proposed[: len(SOURCES)].astype(np.uint16).T @ _VALUES
    if len(scores) > len(SOURCES):
        proposed |= has_proposed[len(SOURCES) :].any(axis=0) * _BY_EXTENSION
    packed: bytes = np.where(is_drawn, _DRAWN_BY, proposed).astype("<u2").tobytes()
    return packed


def count_bits(packed: bytes) -> NDArray[np.int64]:
    """The number of places that have each bit, shape (16,)."""
    pairs = np.frombuffer(packed, np.uint8, len(packed) // PLACE_BYTES * PLACE_BYTES).reshape(-1, PLACE_BYTES)
    counts: NDArray[np.int64] = np.unpackbits(pairs, axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    return counts


def unpack(packed: bytes) -> Bits:
    """The bits of places, shape (places,)."""
    return np.frombuffer(packed, "<u2", len(packed) // PLACE_BYTES).astype(np.uint16)
