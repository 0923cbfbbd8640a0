"""A set of values by origin, at 24 bytes each: what must be in a log or a table, beside what is."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from recomind.model.signals import Origin


class Ledger:
    """Digests of values, each with the origin of the action it follows from."""

    def __init__(self) -> None:
        self._lanes, self._offsets, self._digests = array("q"), array("q"), array("q")

    def add(self, origin: Origin, value: object) -> None:
        """Enter a value."""
        self._lanes.append(origin.lane)
        self._offsets.append(origin.offset)
        self._digests.append(hash(value))

    def __len__(self) -> int:
        return len(self._digests)

    def missing_from(self, other: "Ledger") -> Iterator[Origin]:
        """The origins of the values that another ledger does not hold."""
        absent = np.flatnonzero(~np.isin(self.digests, other.digests))
        return (Origin(self._lanes[at], self._offsets[at]) for at in absent.tolist())

    @property
    def digests(self) -> Any:
        """The digests, shape (values,)."""
        return np.frombuffer(self._digests, np.int64)
