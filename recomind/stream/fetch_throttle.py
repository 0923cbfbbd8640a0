"""Adaptive fetch intervals: a busy process fetches less often, so that each fetch returns more records.

A fetch costs about the same for one record as for a hundred, in the Kafka client, in Faust and in every agent. A
process with spare processor time fetches at once, for the lowest latency.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

import psutil

MAX_FETCH_INTERVAL_S: Final = 0.02
"""Time between two fetches at full load."""

THROTTLE_ABOVE_LOAD: Final = 0.6
"""Processor load, as a fraction, up to which fetches are not delayed."""

LOAD_WINDOW_S: Final = 0.25
"""The load is measured once in this time, and averaged over it."""


class FetchThrottle:
    """Computes how long to wait before the next fetch."""

    def __init__(self, clock: Callable[[], float] = monotonic, load: Callable[[], float] | None = None) -> None:
        """Create a throttle that takes the process for idle at first.

        Args:
            clock: a monotonic clock, in seconds.
            load: the processor load since its last call, 1.0 at full load; by default `cpu_load_meter()`.
        """
        self._clock, self._measure_load = clock, load or cpu_load_meter()
        self._measured_at = clock()
        self._load = 0.0
        self._fetched_at = -MAX_FETCH_INTERVAL_S

    def note_fetch(self) -> None:
        """Note that a fetch has returned."""
        self._fetched_at = self._clock()

    def delay(self) -> float:
        """Seconds to wait before the next fetch; 0 if the last one is long ago or the load is low."""
        now = self._clock()
        if now - self._measured_at >= LOAD_WINDOW_S:
            self._load, self._measured_at = self._measure_load(), now
        share = min(1.0, max(0.0, (self._load - THROTTLE_ABOVE_LOAD) / (1 - THROTTLE_ABOVE_LOAD)))
        return max(0.0, self._fetched_at + share * MAX_FETCH_INTERVAL_S - now)


def cpu_load_meter() -> Callable[[], float]:
    """A function that returns the processor load since its last call.

    It is the larger of this process's load on one core and the machine's load on all cores: with four workers on two
    cores, each uses only half a core, and yet none has time to spare.
    """
    process = psutil.Process()
    process.cpu_percent()  # psutil measures from its previous call
    psutil.cpu_percent()
    return lambda: max(process.cpu_percent(), psutil.cpu_percent()) / 100
