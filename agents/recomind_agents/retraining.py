"""When to retrain the EASE model: count actions, and have the leader run `recomind train` as a process of its own."""

import asyncio
import os
import sys
from collections import Counter
from time import monotonic
from typing import Any, Final

from mode.utils.logging import get_logger

from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import actions_of, decode_batch

logger = get_logger(__name__)

CHECK_INTERVAL_S: Final = 1.0
"""Time between checks whether retraining is due."""

NICENESS: Final = 10
"""Added to the niceness of the process (`man 7 sched`): workers on the same machine take precedence."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    trigger = RetrainingTrigger(app)
    app.batch_agent(topics.ACTIONS, name="training")(trigger.count)
    app.timer(CHECK_INTERVAL_S)(trigger.start_if_due)
    app.on_before_shutdown.connect(trigger.stop)


class RetrainingTrigger:
    """Counts actions and starts `recomind train`."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._actions = 0
        """Actions of this worker's partitions since the last start."""
        self._started_at = monotonic()
        self._process: asyncio.subprocess.Process | None = None

    async def count(self, batch: Batch) -> None:
        """Count the actions of a batch."""
        decoded = decode_batch(batch, self._app.actions_log)
        by_type = Counter(action.action_type for _, action in actions_of(decoded))
        for action_type, count in by_type.items():
            self._actions += count
            self._app.metrics.actions.labels(action_type).inc(count)

    async def start_if_due(self) -> None:
        """Start the training if it is due and not running."""
        is_running = self._process is not None and self._process.returncode is None
        if self._app.assignment.is_leader and self._is_due() and not is_running:
            self._actions, self._started_at = 0, monotonic()
            environment = {**os.environ, **self._app.options.environ()}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "recomind", "train", env=environment, stdout=asyncio.subprocess.DEVNULL
            )
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
            logger.info("training started, process %d", self._process.pid)

    async def stop(self, *_: Any, **__: Any) -> None:
        """Terminate a training that still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def _is_due(self) -> bool:
        """Whether all workers together have enough new actions, estimated from ours, or enough time has passed."""
        estimated = self._actions * self._app.options.partitions / max(1, len(self._app.assignment.partitions))
        is_late = monotonic() - self._started_at > self._app.options.retrain_interval
        return estimated >= self._app.options.retrain_every or (is_late and self._actions > 0)
