"""The watchdog: a worker that is stuck, or was stalled, ends with exit code 1, so that its supervisor starts a new one.

Stuck is one of whose partitions one holds records while its committed offset stands still, though no server is
away; one that the group has given no answer for as long; and one whose event loop stands still. Stalled is one whose
pulse missed most of a session: the group may have given its partitions away meanwhile, and what it would still write
would be older than what their new owner writes.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from recomind.app import RecoMindApp
from recomind.errors import StalledError, StuckError
from recomind.vitals import end_when_still

LOOK: Final = 0.25
"""Seconds between looks."""

GROUP: Final = "the group"
"""Stands for a partition where the group has given no answer yet."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def watch() -> None:
        patience = Patience(app.options.watchdog_timeout)
        end_when_still(app.vitals, app.options.watchdog_timeout)
        while not app.should_stop:
            await asyncio.sleep(LOOK)
            try:
                look(app, patience)
            except (StalledError, StuckError) as error:
                await app.fail(error)

    app.task(watch)


def look(app: RecoMindApp, patience: "Patience") -> None:
    """Look at the worker as it is now.

    Raises:
        StalledError: it stood still for too long.
        StuckError: it has had no reason to stand still, and did.
    """
    app.vitals.beat()
    now, mine, monitor = monotonic(), app.assigned, app.monitor
    if app.vitals.is_waiting:
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
