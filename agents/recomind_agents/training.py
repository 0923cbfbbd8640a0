"""The training trigger: counts actions, and has the leader train the item-item model in a process of its own."""

import asyncio
import os
import sys
from collections import Counter
from time import monotonic
from typing import Any

from mode.utils.logging import get_logger

from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import actions_of, read_batch

logger = get_logger(__name__)

CHECK = 1.0
"""Seconds between looks at the count."""

NICENESS = 10
"""How far training steps back for the workers of its machine (`man 7 sched`): nobody waits for it."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    trigger = Trigger(app)
    app.consume(topics.ACTIONS, "training", trigger.count)
    app.every(CHECK, trigger.look)
    app.on_before_shutdown.connect(trigger.stop)


class Trigger:
    """Counts actions and starts `recomind train`."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._count = 0
        self._since = monotonic()
        self._process: asyncio.subprocess.Process | None = None

    async def count(self, batch: Batch) -> None:
        """Count actions of this worker's partitions."""
        reads = read_batch(batch, self._app.options.partitions)
        kinds = Counter(action.action_type for _, action in actions_of(reads))
        for kind, count in kinds.items():
            self._count += count
            self._app.counters.actions.labels(kind).inc(count)

    async def look(self) -> None:
        """Start training if the time has come and none is running."""
        running = self._process is not None and self._process.returncode is None
        if self._app.leads and self._is_due() and not running:
            self._count, self._since = 0, monotonic()
            environment = {**os.environ, **self._app.options.environ()}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "recomind", "train", env=environment, stdout=asyncio.subprocess.DEVNULL
            )
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
            logger.info("training started, process %d", self._process.pid)

    async def stop(self, *_: Any, **__: Any) -> None:
        """End a training that still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def _is_due(self) -> bool:
        """Whether all workers' actions, if they come as ours do, are enough, or enough time has passed."""
        everywhere = self._count * self._app.options.partitions / max(1, len(self._app.owned))
        late = monotonic() - self._since > self._app.options.retrain_interval
        return everywhere >= self._app.options.retrain_every or (late and self._count > 0)
