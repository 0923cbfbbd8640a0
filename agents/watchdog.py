"""The watchdog: a worker that is stuck, or was stalled, ends with exit code 1, so that its supervisor starts a new one.

Stuck is one whose partitions hold records, whose committed offsets stand still, and that waits for no server; or one
that the group has given no answer for as long. Stalled is one whose clock jumped by a session: the group may have
given its partitions away meanwhile, and what it would still write would be older than what their new owner writes.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from recomind.app import RecoMindApp
from recomind.errors import StalledError, StuckError

LOOK: Final = 0.25
"""Seconds between looks."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def watch() -> None:
        patience = Patience(app.options.watchdog_timeout, monotonic())
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
        patience.reset(now)
    ends = {tp: end for tp, end in monitor.tp_end_offsets.items() if tp in mine}
    committed = {tp: offset for tp, offset in monitor.tp_committed_offsets.items() if tp in mine}
    patience.look(now, member=app.vitals.is_member, ends=ends, committed=committed)


class Patience:
    """Decides when to end: a pure account of what moved and when."""

    def __init__(self, timeout: float, now: float) -> None:
        self._timeout = timeout
        self._seen: object = None
        self._moved_at = now

    def reset(self, now: float) -> None:
        """Begin anew: there is a reason for standing still."""
        self._moved_at = now

    def look(self, now: float, *, member: bool, ends: Mapping[Any, int], committed: Mapping[Any, int]) -> None:
        """Take note of how things stand.

        Args:
            now: seconds of a steady clock.
            member: whether the group has told the worker its partitions.
            ends: partition to the offset after its last record.
            committed: partition to the offset that is committed.

        Raises:
            StuckError: nothing has moved for too long, though there was work.
        """
        lag = sum(max(0, end - committed.get(tp, 0)) for tp, end in ends.items())
        seen = dict(committed), member
        if seen != self._seen or (member and not lag):
            self._seen, self._moved_at = seen, now
        if now - self._moved_at > self._timeout:
            raise StuckError(self._timeout, lag, member)
