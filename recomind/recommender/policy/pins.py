"""The pins of a list, and how they get to their places."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.exploration import Explored
from recomind.recommender.index.columns import NO_ROWS, Rows

MAX_CHOICES: Final = 256
"""Choices that are remembered."""


class Pin(NamedTuple):
    """A video that a rule puts at a place."""

    place: int
    """From 1."""
    row: int
    number: int
    """Of the rule."""


class PinChoice(NamedTuple):
    """The pins of all lists in which the same pinned videos may be shown."""

    pins: tuple[Pin, ...] = ()
    """Ascending by place."""
    rows: Rows = NO_ROWS
    """Theirs."""
    used: Mapping[int, int] = {}
    """Number of a cap to how many of them it counts."""
    left_out: Mapping[int, int] = {}
    """Number of a cap to how many pinned videos it left out."""


NO_PINS: Final = PinChoice()


def with_pins(explored: Explored, pins: Sequence[Pin]) -> Explored:
    """Put pinned videos at their places; the others move down. `pins` ascend by place."""
    if not pins:
        return explored
    rows, propensities = explored.rows.tolist(), explored.propensities.tolist()
    for pin in pins:
        rows.insert(pin.place - 1, pin.row)
        propensities.insert(pin.place - 1, 1.0)
    return Explored(np.array(rows, np.int64), np.array(propensities), explored.drawn)
