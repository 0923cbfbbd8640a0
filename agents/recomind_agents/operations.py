"""What an operator watches: each worker's figures into Redis, every second; the leader keeps an hour of history."""

import os
import socket
from collections import deque
from collections.abc import Mapping
from time import monotonic, time
from typing import Final, NamedTuple

import psutil

from recomind.runtime.app import RecoMindApp
from recomind.runtime.metrics import by_label
from recomind.runtime.worker_stats import Figures
from recomind.runtime.worker_stats_store import Operations

INTERVAL: Final = 1.0
"""Seconds between a worker's figures."""

REMEMBER: Final = 10.0
"""Seconds between two points of history."""

SHORT: Final = 10
"""Figures over which rates are taken."""

LONG: Final = 60
"""Figures over which it is counted where lists came from."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    reporter = Reporter(app)
    app.every(INTERVAL, reporter.report)
    app.every(REMEMBER, reporter.remember)


class Totals(NamedTuple):
    """What had happened since the start."""

    at: float
    actions: Mapping[str, float]
    lists: float
    served: Mapping[str, float]


class Reporter:
    """Takes and publishes this worker's figures."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._operations = Operations(app.read_model.values, app.options.partitions)
        self._began = monotonic()
        self._totals: deque[Totals] = deque(maxlen=LONG + 1)
        self._process = psutil.Process()
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    async def report(self) -> None:
        """Publish this worker's figures; where Redis is away, its own page tells them all the same."""
        self._app.figures = self._figures()
        await self._operations.put(self._app.figures)

    async def remember(self) -> None:
        """Add a point to the history, for all."""
        if self._app.leads:
            await self._operations.remember(self._app.replica.weights, time())

    def _figures(self) -> Figures:
        app, counters = self._app, self._app.counters
        app.observe()
        now = Totals(monotonic(), by_label(counters.actions), by_label(counters.lists)[""], by_label(counters.served))
        self._totals.append(now)
        then, before = self._totals[max(0, len(self._totals) - 1 - SHORT)], self._totals[0]
        seconds = max(INTERVAL, now.at - then.at)
        return Figures(
            worker=self._worker,
            address=f"{app.options.web_host}:{app.options.web_port}",
            at=time(),
            up=round(now.at - self._began, 1),
            partitions=tuple(sorted(app.owned)),
            leads=app.leads,
            processor=round(self._process.cpu_percent() / 100, 3),
            memory=self._process.memory_info().rss,
            per_second=_rates(now.actions, then.actions, seconds),
            lag=_whole(by_label(counters.lag)),
            waiting=len(app.news),
            lists_per_second=round((now.lists - then.lists) / seconds, 2),
            freshness=counters.recent.buckets(),
            served={source: int(count - before.served.get(source, 0)) for source, count in now.served.items()},
            dead_letters=int(by_label(counters.dead_letters)[""]),
            timer_errors=int(by_label(counters.timer_errors)[""]),
            streams=int(by_label(counters.streams)[""]),
            quality=dict(app.quality),
            keys={name: len(table) for name, table in app.kept.items()},
        )


def _rates(now: Mapping[str, float], then: Mapping[str, float], seconds: float) -> dict[str, float]:
    return {kind: round((count - then.get(kind, 0)) / seconds, 2) for kind, count in now.items()}


def _whole(values: Mapping[str, float]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items()}
