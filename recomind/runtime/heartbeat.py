"""Liveness of this process: whether its event loop runs, and whether its work waits for a server that is away.

A process may be blocked for longer than its Kafka session: stopped, swapped out, or on a frozen machine. When it runs
again, its partitions belong to other workers, and it does not know yet. So a task records a heartbeat several times a
second, and every write to Kafka first checks how old the last heartbeat is.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from time import monotonic, sleep
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import StalledError

logger = get_logger(__name__)

OUTAGE_GRACE_S: Final = 15.0
"""Seconds for which work counts as waiting after it found a server away: longer than any single attempt."""

BEAT_INTERVAL_S: Final = 0.25

MAX_BLOCKED_FRACTION: Final = 0.75
"""Fraction of the session timeout for which a process may be blocked.

The last heartbeat that Kafka got may be older than ours by a fifth of the session timeout.
"""


class Heartbeat:
    """When the event loop last ran, and when a server was last found away."""

    def __init__(self, session_timeout: float, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._max_blocked_s = MAX_BLOCKED_FRACTION * session_timeout
        self._outage_at = -OUTAGE_GRACE_S
        self._outage = ""
        self._last_beat: float | None = None

    def beat(self) -> None:
        """Record that the event loop runs; call it much more often than a session times out.

        Raises:
            StalledError: the loop was blocked for too long.
        """
        self.check()
        self._last_beat = self._clock()

    def check(self) -> None:
        """Call before each write.

        Raises:
            StalledError: the process was blocked for so long that its partitions may belong to another worker.
        """
        if self.seconds_since_beat > self._max_blocked_s:
            raise StalledError(self.seconds_since_beat)

    @property
    def seconds_since_beat(self) -> float:
        """Seconds since the last heartbeat; 0 before the first."""
        return 0.0 if self._last_beat is None else self._clock() - self._last_beat

    def note_outage(self, reason: str) -> None:
        """Record that work waits for a server that is away."""
        self._outage_at, self._outage = self._clock(), reason

    @property
    def waits_for(self) -> str | None:
        """What work waited for within the last `OUTAGE_GRACE_S` seconds; None if it did not wait."""
        return self._outage if self.is_waiting_for_server else None

    @property
    def is_waiting_for_server(self) -> bool:
        """Whether work waited for a server within the last `OUTAGE_GRACE_S` seconds."""
        return self._clock() - self._outage_at < OUTAGE_GRACE_S


async def run_heartbeat(
    heartbeat: Heartbeat, timeout: float, on_stall: Callable[[BaseException], Awaitable[None]]
) -> None:
    """Record heartbeats until the loop was blocked for too long; exit the process after `timeout` seconds without."""
    exit_when_blocked(heartbeat, timeout)
    try:
        while True:
            heartbeat.beat()
            await asyncio.sleep(BEAT_INTERVAL_S)
    except StalledError as error:
        await on_stall(error)


def exit_when_blocked(heartbeat: Heartbeat, timeout: float) -> None:
    """Start a thread that exits the process with code 1 once the last heartbeat is `timeout` seconds old.

    It is a thread, since the event loop itself may be blocked: Faust's consumer has its own thread and would keep the
    partitions for ever.
    """

    def watch() -> None:
        while heartbeat.seconds_since_beat < timeout:
            sleep(2 * BEAT_INTERVAL_S)
        logger.critical("exiting: the event loop was blocked for %.0f s", heartbeat.seconds_since_beat)
        os._exit(1)

    threading.Thread(target=watch, name="watchdog", daemon=True).start()


def exit_after(seconds: float) -> None:
    """Exit the process with code 1 after `seconds`, whatever still runs: a stuck task may prevent a clean stop."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
