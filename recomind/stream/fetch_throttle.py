"""The pace of fetches: where there is much to do, a process fetches less often, as what comes meanwhile comes together.

A fetch of one record costs as much as one of a hundred, in Kafka's client, in Faust and in each agent. While there is
time for that, what comes is fetched at once.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

import psutil

LONGEST: Final = 0.02
"""Seconds from one fetch to the next where there is no time left."""

FREE: Final = 0.6
"""Share of a core, or of all of the machine's, up to which there is time."""

OVER: Final = 0.25
"""Seconds over which it is measured how much there is to do."""


class Pace:
    """Says how long to wait before the next fetch."""

    def __init__(self, clock: Callable[[], float] = monotonic, busy: Callable[[], float] | None = None) -> None:
        """Make one.

        Args:
            clock: seconds of a steady clock.
            busy: share of the time since it was last asked in which there was something to do.
        """
        self._clock, self._measure = clock, busy or busy_share()
        self._measured_at = clock()
        self._busy = 0.0
        self._fetched_at = -LONGEST

    def note_fetch(self) -> None:
        """Records have come."""
        self._fetched_at = self._clock()

    def pause(self) -> float:
        """Seconds to wait; none after a silence, or while there is time."""
        now = self._clock()
        if now - self._measured_at >= OVER:
            self._busy, self._measured_at = self._measure(), now
        share = min(1.0, max(0.0, (self._busy - FREE) / (1 - FREE)))
        return max(0.0, self._fetched_at + share * LONGEST - now)


def busy_share() -> Callable[[], float]:
    """Measures, from call to call, how busy this process is for one core, or all cores are with whatever they do.

    The larger of the two: of four workers on two cores each uses but half a core, and yet none has time.
    """
    process = psutil.Process()
    process.cpu_percent()
    psutil.cpu_percent()  # both begin to count here
    return lambda: max(process.cpu_percent(), psutil.cpu_percent()) / 100
