"""Measurements of the benchmark, each with an optional limit: a baseline of the same run or a stated number."""

from collections.abc import Sequence

import msgspec
import numpy as np


class Limit(msgspec.Struct, frozen=True):
    """What a measurement is compared with: a baseline of the same run, or a stated number."""

    name: str
    value: float
    """In the measurement's unit."""
    factor: float = 1.0
    """The threshold as a multiple of `value`; 0 sets none."""
    at_least: bool = True
    """Whether the measurement must be at least the threshold; else at most."""

    @property
    def threshold(self) -> float:
        """The measurement that just meets the limit."""
        return self.factor * self.value


class Measurement(msgspec.Struct, frozen=True):
    """One line of the report."""

    scenario: str
    name: str
    value: float
    unit: str
    limit: Limit | None = None

    @property
    def margin(self) -> float | None:
        """How many times better than the threshold; 1 just meets it. None without a threshold."""
        if self.limit is None or not self.value or not self.limit.threshold:
            return None
        ratio = self.value / self.limit.threshold
        return ratio if self.limit.at_least else 1 / ratio

    @property
    def holds(self) -> bool | None:
        """Whether the threshold is met; None without one."""
        return None if self.margin is None else self.margin >= 1

    def to_builtins(self) -> dict[str, object]:
        """The measurement for JSON."""
        return {**msgspec.to_builtins(self), "margin": self.margin, "holds": self.holds}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` per cent of the values do not exceed.

    >>> percentile([1.0, 2.0, 3.0], 50)
    2.0
    """
    return float(np.percentile(np.asarray(values), percent))


def at_most(name: str, value: float, factor: float = 1.0) -> Limit:
    """An upper limit."""
    return Limit(name, value, factor, at_least=False)
