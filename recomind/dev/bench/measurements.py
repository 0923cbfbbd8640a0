"""Figures: what was measured, and the limit or peer beside it."""

from collections.abc import Sequence

import msgspec
import numpy as np


class Limit(msgspec.Struct, frozen=True):
    """What a figure is held against: a peer measured in the same run, or a number that was promised."""

    name: str
    value: float
    """In the figure's unit."""
    factor: float = 1.0
    """How many times the value the figure must reach, or may take."""
    at_least: bool = True
    """Whether more is better."""

    @property
    def bar(self) -> float:
        """The figure that just holds."""
        return self.factor * self.value


class Figure(msgspec.Struct, frozen=True):
    """One line of the report."""

    scenario: str
    name: str
    value: float
    unit: str
    limit: Limit | None = None

    @property
    def margin(self) -> float | None:
        """How many times better than the bar; 1 just holds. None where there is no bar."""
        if self.limit is None or not self.value or not self.limit.bar:
            return None
        ratio = self.value / self.limit.bar
        return ratio if self.limit.at_least else 1 / ratio

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        return None if self.margin is None else self.margin >= 1

    def plain(self) -> dict[str, object]:
        """For machines."""
        return {**msgspec.to_builtins(self), "margin": self.margin, "holds": self.holds}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of them do not exceed.

    >>> percentile([1.0, 2.0, 3.0], 50)
    2.0
    """
    return float(np.percentile(np.asarray(values), percent))


def at_most(name: str, value: float, factor: float = 1.0) -> Limit:
    """A limit from above."""
    return Limit(name, value, factor, at_least=False)
