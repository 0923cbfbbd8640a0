"""Signs of life of this process: whether it stood still, whether it waits for a server, whether the group knows it.

A process may stand still for longer than its session: stopped, swapped out, its machine frozen. When it wakes its
partitions are somebody else's, and it does not know. So a pulse beats, and writes look whether it did.
"""

import os
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

from recomind.errors import StalledError

WAITING: Final = 15.0
"""Seconds for which a worker counts as waiting after it found a server away: longer than any attempt."""

STANDING: Final = 0.75
"""Part of the session for which a process may stand still: its last heartbeat may be a fifth of it older."""


class Vitals:
    """What the watchdog looks at."""

    def __init__(self, session_timeout: float, clock: Callable[[], float] = monotonic) -> None:
        self.is_member = False
        """Whether the group has told this worker its partitions, of which there may be none."""
        self._clock = clock
        self._allowed = STANDING * session_timeout
        self._waited_at = -WAITING
        self._beat_at: float | None = None

    def beat(self) -> None:
        """Say that the process runs; call it much more often than a session ends.

        Raises:
            StalledError: it did not for too long.
        """
        self.check()
        self._beat_at = self._clock()

    def check(self) -> None:
        """Look, before a write, whether the process stood still.

        Raises:
            StalledError: it did, for too long to be sure of its partitions.
        """
        if self._beat_at is not None and self._clock() - self._beat_at > self._allowed:
            raise StalledError(self._clock() - self._beat_at)

    def note_waiting(self) -> None:
        """Say that work waits for a server that is away."""
        self._waited_at = self._clock()

    @property
    def is_waiting(self) -> bool:
        """Whether work waits, or lately waited, for a server that is away."""
        return self._clock() - self._waited_at < WAITING


def end_within(seconds: float) -> None:
    """End the process with exit code 1, whatever still runs in it: what is stuck may not let it stop."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
