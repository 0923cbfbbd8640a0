"""Stop a stuck worker with exit code 1, so that its supervisor starts a new one.

A worker is stuck if the committed offset of one of its partitions does not advance although there are records, while no
server is away and no table is being recovered; or if the group has assigned nothing for as long. A process whose event
loop is blocked cannot check itself: see `recomind.runtime.heartbeat`.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any, Final

from recomind.errors import StuckError, UnavailableError
from recomind.runtime.app import RecoMindApp

CHECK_INTERVAL_S: Final = 1.0
"""Time between checks."""

PING_INTERVAL_S: Final = 5.0
"""Time between questions to Kafka: without records to send, nothing else would notice that it is away."""

GROUP: Final = "the group"
"""Stands for a partition while the group has not assigned any."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    async def watch() -> None:
        detector = StallDetector(app.options.watchdog_timeout)
        while not app.should_stop:
            await asyncio.sleep(CHECK_INTERVAL_S)
            try:
                check(app, detector)
            except StuckError as error:
                await app.fail(error)

    app.task(watch)
    app.timer(PING_INTERVAL_S)(partial(ping, app))


async def ping(app: RecoMindApp) -> None:
    """Note it while Kafka does not answer: no actions are taken in then."""
    try:
        await app.kafka_producer.ping()
    except UnavailableError as error:
        app.heartbeat.note_outage(f"no actions are taken in: {error}")


def check(app: RecoMindApp, detector: "StallDetector") -> None:
    """Pass the worker's current offsets to the detector.

    Raises:
        StuckError: the worker does not advance, for no known reason.
    """
    owned, monitor = app.assignment.topic_partitions, app.monitor
    if app.heartbeat.is_waiting_for_server or not all(table.is_recovered for table in app.state_tables.values()):
        detector.reset()
    ends = {tp: end for tp, end in monitor.tp_end_offsets.items() if tp in owned}
    committed = {tp: offset for tp, offset in monitor.tp_committed_offsets.items() if tp in owned}
    detector.check(monotonic(), is_member=app.assignment.is_member, ends=ends, committed=committed)


class StallDetector:
    """Detects that committed offsets do not advance, partition by partition. It reads no clock."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._committed: dict[Any, int] = {}
        self._advanced_at: dict[Any, float] = {}
        """Partition with lag, or the group, to when it last advanced or its lag began."""

    def reset(self) -> None:
        """Start all timeouts again: there is a reason for not advancing."""
        self._advanced_at.clear()

    def check(self, now: float, *, is_member: bool, ends: Mapping[Any, int], committed: Mapping[Any, int]) -> None:
        """Compare offsets with those of the last check.

        Args:
            now: seconds of a monotonic clock.
            is_member: whether the group has assigned partitions to the worker.
            ends: partition to the offset after its last record.
            committed: partition to the committed offset.

        Raises:
            StuckError: a partition with lag, or the group, has not advanced for longer than the timeout.
        """
        lags = {one: end - committed.get(one, 0) for one, end in ends.items()} if is_member else {GROUP: 1}
        same = {one for one in lags if committed.get(one) == self._committed.get(one)}
        self._advanced_at = {
            one: self._advanced_at.get(one, now) if one in same else now for one, lag in lags.items() if lag > 0
        }
        self._committed = dict(committed)
        stuck = [one for one, since in self._advanced_at.items() if now - since > self._timeout]
        if stuck:
            raise StuckError(self._timeout, sum(lags[one] for one in stuck), is_member)
