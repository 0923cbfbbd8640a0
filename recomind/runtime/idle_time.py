"""How much of the time may go into work that nobody waits for: half of what this process and the machine have to spare.

The processor time of that work itself does not count as load.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final, NamedTuple

import psutil

MAX_SHARE: Final = 0.5
"""Share of the time on an idle machine."""

MIN_SHARE_OF_MACHINE: Final = 0.1
"""Share of the time on a busy machine, if this process is not busy."""

MIN_SHARE: Final = 0.02
"""Share of the time in a busy process, so that the work is done some day."""

WINDOW_S: Final = 0.25
"""The load is measured once in this time, and averaged over it."""


class Load(NamedTuple):
    """Processor time used since the last measurement."""

    process: float
    """By this process, as a fraction of a core."""
    machine: float
    """By all processes, as a fraction of all cores."""


class IdleTime:
    """Divides time between idle work and everything else."""

    def __init__(
        self, measure: Callable[[], Load] | None = None, cores: int = 0, clock: Callable[[], float] = monotonic
    ) -> None:
        """Take process and machine for idle at first.

        Args:
            measure: returns the load since its last call; by default that of this process and machine.
            cores: of the machine; 0 to ask.
            clock: a monotonic clock, seconds.
        """
        self._measure, self._cores, self._clock = measure or load_meter(), cores or psutil.cpu_count() or 1, clock
        self._measured_at, self._worked_s = clock(), 0.0
        self._share = MAX_SHARE

    def pause_after(self, worked_s: float) -> float:
        """Seconds to pause after so many seconds of idle work."""
        self._worked_s += worked_s
        elapsed = self._clock() - self._measured_at
        if elapsed >= WINDOW_S:
            self._share = self._share_of(self._measure(), self._worked_s / elapsed)
            self._measured_at, self._worked_s = self._clock(), 0.0
        return worked_s * (1 / self._share - 1)

    def _share_of(self, load: Load, own: float) -> float:
        process, machine = load.process - own, load.machine - own / self._cores
        of_process = max(MIN_SHARE, (1 - max(0.0, process)) / 2)
        of_machine = max(MIN_SHARE_OF_MACHINE, (1 - max(0.0, machine)) / 2)
        return min(MAX_SHARE, of_process, of_machine)


def load_meter() -> Callable[[], Load]:
    """A function that returns the load since its last call."""
    process = psutil.Process()
    process.cpu_percent()  # psutil measures from its previous call
    psutil.cpu_percent()
    return lambda: Load(process.cpu_percent() / 100, psutil.cpu_percent() / 100)
