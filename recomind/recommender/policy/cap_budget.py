"""The caps of rules: how many videos of a list each of them has counted, and which candidates they leave out."""

import numpy as np

from recomind.recommender.index.columns import Rows
from recomind.recommender.policy.compiled_rules import NO_CAP, SEVERAL_CAPS, CompiledRules
from recomind.recommender.policy.pins import NO_PINS, PinChoice


class CapBudget:
    """Counts the videos of a list that the caps of rules count."""

    def __init__(self, rules: CompiledRules | None, pins: PinChoice = NO_PINS) -> None:
        """Start with pins that have been counted."""
        self._rules = rules
        self.used = dict(pins.used)
        """Number of a cap to how many videos of the list it has counted."""
        self.left_out = dict(pins.left_out)
        """Number of a cap to how many videos it has left out."""

    def take(self, row: int) -> bool:
        """Count a video; False if a cap has no room for it."""
        if self._rules is None or not self._rules.has_caps:
            return True
        used, caps, has_room = self.used, self._rules.caps_of(row), True
        for number, most in caps:
            if used.get(number, 0) >= most:
                has_room = False
                self.left_out[number] = self.left_out.get(number, 0) + 1
        if has_room:
            for number, _ in caps:
                used[number] = used.get(number, 0) + 1
        return has_room

    def within_caps(self, rows: Rows, pinned: Rows, n: int) -> Rows:
        """The positions of the first `n` rows that are not pinned and within the caps."""
        rules = self._rules
        if rules is None or not (len(pinned) or rules.has_caps):
            return np.arange(min(n, len(rows)))
        positions = np.flatnonzero(~rules.among(rows, pinned)) if len(pinned) else np.arange(len(rows))
        if not rules.has_caps:
            return positions[:n]
        caps = rules.cap_of.take(rows.take(positions))
        if caps.min(initial=NO_CAP) == SEVERAL_CAPS:
            return self._within_several(rows, positions, caps, n)
        room = rules.limits.copy()
        for number, used in self.used.items():
            room[number] -= used
        if (np.bincount(caps - NO_CAP, minlength=len(room) + 1)[1:] <= room).all():
            return positions[:n]  # most lists
        capped = np.flatnonzero(caps != NO_CAP)
        numbers = caps[capped]
        full = capped[_earlier_equal(numbers) >= room.take(numbers)]
        is_free = np.ones(len(positions), np.bool_)
        is_free[full] = False
        chosen = np.flatnonzero(is_free)[:n]
        end = int(chosen[-1]) + 1 if len(chosen) == n else len(positions)
        for number in caps[full[full < end]].tolist():
            self.left_out[number] = self.left_out.get(number, 0) + 1
        return positions[chosen]

    def _within_several(self, rows: Rows, positions: Rows, caps: Rows, n: int) -> Rows:
        """As `within_caps`, one by one: a video that one cap leaves out is not counted by the others."""
        chosen: list[int] = []
        for position, cap in zip(positions.tolist(), caps.tolist(), strict=True):
            if cap == NO_CAP or self.take(int(rows[position])):
                chosen.append(position)
                if len(chosen) == n:
                    break
        return np.array(chosen, np.int64)


def _earlier_equal(values: Rows) -> Rows:
    """How many earlier values equal each value.

    >>> _earlier_equal(np.array([7, 3, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(values, kind="stable")
    ordered, found = values[order], np.empty(len(values), np.int64)
    found[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered)
    return found
