"""Signs of life of this process: whether it stood still, whether it waits for a server, whether the group knows it.

A process may stand still for longer than its session: stopped, swapped out, its machine frozen. When it wakes its
partitions are somebody else's, and it does not know. So a pulse beats, and writes look whether it did.
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

WAITING: Final = 15.0
"""Seconds for which a worker counts as waiting after it found a server away: longer than any attempt."""

BEAT: Final = 0.25
"""Seconds between beats of the pulse."""

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
        if self.still_for > self._allowed:
            raise StalledError(self.still_for)

    @property
    def still_for(self) -> float:
        """Seconds since the pulse last beat; 0 before it first does."""
        return 0.0 if self._beat_at is None else self._clock() - self._beat_at

    def note_waiting(self) -> None:
        """Say that work waits for a server that is away."""
        self._waited_at = self._clock()

    @property
    def is_waiting(self) -> bool:
        """Whether work waits, or lately waited, for a server that is away."""
        return self._clock() - self._waited_at < WAITING


async def keep_beating(vitals: Vitals, timeout: float, on_stall: Callable[[BaseException], Awaitable[None]]) -> None:
    """Let the pulse beat, and end the process where it stops doing so for `timeout` seconds."""
    end_when_still(vitals, timeout)
    try:
        while True:
            vitals.beat()
            await asyncio.sleep(BEAT)
    except StalledError as error:
        await on_stall(error)


def end_when_still(vitals: Vitals, timeout: float) -> None:
    """From now on, end the process with exit code 1 once its pulse has not beaten for so many seconds.

    A thread looks, since what stands still may be the event loop itself: Faust's consumer has a thread of its own and
    would keep the partitions for ever.
    """

    def look() -> None:
        while vitals.still_for < timeout:
            sleep(2 * BEAT)
        logger.critical("the event loop stands still for %.0f s: the worker ends; start it again", vitals.still_for)
        os._exit(1)

    threading.Thread(target=look, name="watchdog", daemon=True).start()


def end_within(seconds: float) -> None:
    """End the process with exit code 1, whatever still runs in it: what is stuck may not let it stop."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
