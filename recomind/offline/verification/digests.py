"""A set of values by their digests, 24 bytes per value: compares expected with actual content of a log or table."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset


class DigestSet:
    """Digests of values, each with the source offset of the action that caused it."""

    def __init__(self) -> None:
        self._sources, self._offsets, self._digests = array("q"), array("q"), array("q")

    def add(self, cause: SourceOffset, value: object) -> None:
        """Add a value and the source offset of the action that caused it."""
        self._sources.append(cause.source)
        self._offsets.append(cause.offset)
        self._digests.append(hash(value))

    def __len__(self) -> int:
        return len(self._digests)

    def missing_from(self, other: "DigestSet") -> Iterator[SourceOffset]:
        """The source offsets of the values that another set lacks."""
        absent = np.flatnonzero(~np.isin(self.digests, other.digests))
        return (SourceOffset(self._sources[at], Offset(self._offsets[at])) for at in absent.tolist())

    @property
    def digests(self) -> Any:
        """The digests, shape (values,)."""
        return np.frombuffer(self._digests, np.int64)
