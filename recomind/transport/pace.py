"""The pace of fetches: a process that is busy fetches less often, as what comes meanwhile comes together.

A fetch of one record costs as much as one of a hundred, in Kafka's client, in Faust and in each agent. While there is
time for that, what comes is fetched at once.
"""

from collections.abc import Callable
from time import monotonic, process_time
from typing import Final

LONGEST: Final = 0.02
"""Seconds from one fetch to the next of a process that has no time left."""

FREE: Final = 0.6
"""Share of a core up to which a process counts as having time."""

OVER: Final = 0.25
"""Seconds over which it is measured how busy the process is."""


class Pace:
    """Says how long to wait before the next fetch."""

    def __init__(self, clock: Callable[[], float] = monotonic, used: Callable[[], float] = process_time) -> None:
        """Make one.

        Args:
            clock: seconds of a steady clock.
            used: processor seconds that the process has used.
        """
        self._clock, self._used = clock, used
        self._since, self._used_before = clock(), used()
        self._busy = 0.0
        self._fetched_at = -LONGEST

    def note_fetch(self) -> None:
        """Records have come."""
        self._fetched_at = self._clock()

    def pause(self) -> float:
        """Seconds to wait; none after a silence, or while there is time."""
        now = self._clock()
        if (passed := now - self._since) >= OVER:
            used = self._used()
            self._busy, self._since, self._used_before = (used - self._used_before) / passed, now, used
        share = min(1.0, max(0.0, (self._busy - FREE) / (1 - FREE)))
        return max(0.0, self._fetched_at + share * LONGEST - now)
