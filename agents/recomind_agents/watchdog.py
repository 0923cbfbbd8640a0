"""The watchdog: a worker that is stuck ends with exit code 1, so that its supervisor starts a new one.

Stuck is one of whose partitions one holds records while its committed offset stands still, though no server is
away and no table is being recovered; and one that the group has given no answer for as long. For one that stands
still altogether see `recomind.runtime.heartbeat`.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from recomind.errors import StuckError
from recomind.runtime.app import RecoMindApp

LOOK: Final = 1.0
"""Seconds between looks."""

GROUP: Final = "the group"
"""Stands for a partition where the group has given no answer yet."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def watch() -> None:
        patience = Patience(app.options.watchdog_timeout)
        while not app.should_stop:
            await asyncio.sleep(LOOK)
            try:
                look(app, patience)
            except StuckError as error:
                await app.fail(error)

    app.task(watch)


def look(app: RecoMindApp, patience: "Patience") -> None:
    """Look at the worker as it is now.

    Raises:
        StuckError: it has had no reason to stand still, and did.
    """
    now, mine, monitor = monotonic(), app.assigned, app.monitor
    if app.vitals.is_waiting or not all(table.is_recovered for table in app.kept.values()):
        patience.reset()
    ends = {tp: end for tp, end in monitor.tp_end_offsets.items() if tp in mine}
    committed = {tp: offset for tp, offset in monitor.tp_committed_offsets.items() if tp in mine}
    patience.look(now, member=app.vitals.is_member, ends=ends, committed=committed)


class Patience:
    """Decides when to end: a pure account of what moved and when, partition by partition."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._committed: dict[Any, int] = {}
        self._moved: dict[Any, float] = {}
        """Partition, or the group, to when it last moved or had no reason to."""

    def reset(self) -> None:
        """Begin anew: there is a reason for standing still."""
        self._moved.clear()

    def look(self, now: float, *, member: bool, ends: Mapping[Any, int], committed: Mapping[Any, int]) -> None:
        """Take note of how things stand.

        Args:
            now: seconds of a steady clock.
            member: whether the group has told the worker its partitions.
            ends: partition to the offset after its last record.
            committed: partition to the offset that is committed.

        Raises:
            StuckError: something has not moved for too long, though there was work.
        """
        lags = {one: end - committed.get(one, 0) for one, end in ends.items()} if member else {GROUP: 1}
        still = {one for one in lags if committed.get(one) == self._committed.get(one)}
        self._moved = {one: self._moved.get(one, now) if one in still else now for one, lag in lags.items() if lag > 0}
        self._committed = dict(committed)
        stuck = [one for one, moved in self._moved.items() if now - moved > self._timeout]
        if stuck:
            raise StuckError(self._timeout, sum(lags[one] for one in stuck), member)
