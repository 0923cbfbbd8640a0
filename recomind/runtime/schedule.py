"""Timers: coroutines that run at an interval while the worker is ready."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import LogReplacedError, NewerEncodingError, UnavailableError

logger = get_logger(__name__)

Run = Callable[[], Awaitable[object]]

LOG_TIME_INTERVAL_S: Final = 0.1
"""Time between two calls by `Schedule.follow_log_time`."""


class Schedule:
    """Makes a task of each timer, and of what follows the time of the log.

    Its tasks are plain loops: Faust's own timer costs 0.2 ms a tick.
    """

    def __init__(
        self,
        start: Callable[[Callable[[], Awaitable[None]]], object],
        *,
        is_ready: Callable[[], bool],
        should_stop: Callable[[], bool],
        on_error: Callable[[], object],
        on_fatal: Callable[[BaseException], Awaitable[None]],
    ) -> None:
        """Create a schedule without timers.

        Args:
            start: starts a task with the worker.
            is_ready: whether timers may run now.
            should_stop: whether the worker is stopping.
            on_error: called when a timer has raised another error than `UnavailableError`.
            on_fatal: called with an error that does not go away: stored data that cannot be read, or of another log.
        """
        self._start = start
        self._is_ready = is_ready
        self._should_stop = should_stop
        self._on_error = on_error
        self._on_fatal = on_fatal

    def add(self, interval: float, run: Run, name: str, while_set: asyncio.Event | None = None) -> None:
        """Run a coroutine function every `interval` seconds; an error is logged, and the timer goes on.

        Args:
            interval: seconds between two starts.
            run: what to run.
            name: of the timer, for log lines.
            while_set: if given, sleep until this is set. `run` clears it.
        """

        async def loop() -> None:
            while not self._should_stop():
                if while_set is not None:
                    await while_set.wait()
                started = monotonic()
                if self._is_ready():
                    await self._run(run, name)
                await asyncio.sleep(max(0.0, started + interval - monotonic()))

        self._start(loop)

    def follow_log_time(self, advance: Callable[[float], object], now: Callable[[], float]) -> None:
        """Tell `advance` the time of the log, ten times a second until the worker stops.

        It goes on during a rebalance, when timers wait: what starts, ends or expires does so in time.

        Args:
            advance: called with the time, epoch seconds.
            now: the time of the log.
        """

        async def loop() -> None:
            while not self._should_stop():
                advance(now())
                await asyncio.sleep(LOG_TIME_INTERVAL_S)

        self._start(loop)

    async def _run(self, run: Run, name: str) -> None:
        try:
            await run()
        except UnavailableError as error:
            logger.warning("timer %s postponed: %s", name, error)
        except (NewerEncodingError, LogReplacedError) as error:
            await self._on_fatal(error)
        except Exception:
            self._on_error()
            logger.exception("timer %s failed; it runs again at its next time", name)
