"""The steps that run before every commit of offsets, in their order.

A committed record is not delivered again. So all that follows from it must be durable before its offset is committed:

    TABLES       changelogs of the state tables, in Kafka
       |
    STORES       what readers see: the read model in Redis, and popularity in PostgreSQL
       |
    WATERMARKS   users' top tags in PostgreSQL, then the low watermarks of lists in Redis
       |
    offsets      committed by `recomind.stream.consumer`, only if every step has succeeded

Tables come first: what readers see may only come from state that a crash does not take back. Watermarks come last: they
claim that lists and top tags are stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import RefusedError, StalledError, UnavailableError
from recomind.runtime.health import REFUSED, Health
from recomind.runtime.heartbeat import Heartbeat

logger = get_logger(__name__)

Step = Callable[[], Awaitable[object]]


class Stage(IntEnum):
    """Stages of a commit; a stage begins after all steps of the stages before it."""

    TABLES = 1
    STORES = 2
    WATERMARKS = 3


STAGES: Final = tuple(Stage)
"""All stages, in the order in which they run."""


class Commit:
    """Runs the registered steps, stage by stage and within a stage in the order of registration."""

    def __init__(
        self, heartbeat: Heartbeat, health: Health, on_stall: Callable[[BaseException], Awaitable[None]]
    ) -> None:
        """Create a commit without steps.

        Args:
            heartbeat: records that a commit waits for a server.
            health: told while Kafka refuses what a commit needs.
            on_stall: called when the process was blocked for so long that it may not write.
        """
        self._heartbeat = heartbeat
        self._health = health
        self._on_stall = on_stall
        self._steps: dict[Stage, list[Step]] = {stage: [] for stage in STAGES}
        self._lock = asyncio.Lock()

    def register(self, stage: Stage, step: Step) -> None:
        """Add a step to a stage, after those it has. A step raises if what it writes did not become durable."""
        self._steps[stage].append(step)

    async def run(self) -> bool:
        """Run all steps; the first that fails ends the run.

        Returns:
            Whether offsets may be committed. If a server is away they may not, and the next commit tries again. So it
            does if Kafka refuses a record: but then the watchdog ends the worker, unless an operator is quicker.
        """
        try:
            async with self._lock:  # what a concurrent run is still writing is not durable yet
                for stage in STAGES:
                    for step in self._steps[stage]:
                        await step()
        except UnavailableError as error:
            reason = f"commit postponed: {error}"
            logger.warning("%s", reason)
            self._heartbeat.note_outage(reason)
            return False
        except RefusedError as error:
            self._health.degrade(REFUSED, f"nothing can be committed: {error}")
            return False
        except StalledError as error:
            await self._on_stall(error)
            return False
        self._health.recover(REFUSED)
        return True
