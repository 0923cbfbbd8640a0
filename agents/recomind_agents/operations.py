"""Publish this worker's statistics to Redis every second; the leader appends to an hour of history."""

import os
import socket
from collections import deque
from collections.abc import Mapping
from time import monotonic, time
from typing import Final, NamedTuple

import psutil

from recomind.runtime import served_counts
from recomind.runtime.app import RecoMindApp
from recomind.runtime.metrics import values_by_label
from recomind.runtime.worker_stats import PERIODS, WorkerStats
from recomind.runtime.worker_stats_store import WorkerStatsStore

PUBLISH_INTERVAL_S: Final = 1.0
"""Time between two publications of a worker's statistics."""

HISTORY_INTERVAL_S: Final = 10.0
"""Time between two points of history."""

RATE_SAMPLES: Final = 10
"""Publications over which rates are measured."""

SERVED_SAMPLES: Final = 60
"""Publications over which lists are counted by where they came from."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    reporter = StatsReporter(app)
    app.timer(PUBLISH_INTERVAL_S)(reporter.publish)
    app.timer(HISTORY_INTERVAL_S)(reporter.append_history)


class Totals(NamedTuple):
    """Counters since the start of the worker, at a time of the monotonic clock."""

    at: float
    actions: Mapping[str, float]
    """By type."""
    lists_stored: float
    lists_served: Mapping[str, float]
    """By where they came from."""


class StatsReporter:
    """Measures and publishes this worker's statistics."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._store = WorkerStatsStore(app.read_model.store, app.options.partitions)
        self._started_at = monotonic()
        self._samples: deque[Totals] = deque(maxlen=SERVED_SAMPLES + 1)
        self._process = psutil.Process()
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    async def publish(self) -> None:
        """Publish this worker's statistics; while Redis is away, its own page still shows them."""
        self._app.worker_stats = self._measure()
        await self._store.publish(self._app.worker_stats)

    async def append_history(self) -> None:
        """Add a point to the history of all workers, if this worker is the leader."""
        if self._app.assignment.is_leader:
            await self._store.append_history(self._app.ranking_cache.weights, time())

    def _measure(self) -> WorkerStats:
        app, metrics = self._app, self._app.metrics
        app.update_gauges()
        now = Totals(
            monotonic(),
            values_by_label(metrics.actions),
            values_by_label(metrics.lists_stored)[""],
            values_by_label(metrics.lists_served),
        )
        self._samples.append(now)
        before = self._samples[max(0, len(self._samples) - 1 - RATE_SAMPLES)]
        first = self._samples[0]
        seconds = max(PUBLISH_INTERVAL_S, now.at - before.at)
        return WorkerStats(
            worker=self._worker,
            address=f"{app.options.web_host}:{app.options.web_port}",
            measured_at=time(),
            uptime_s=round(now.at - self._started_at, 1),
            partitions=tuple(sorted(app.assignment.partitions)),
            is_leader=app.assignment.is_leader,
            cpu_share=round(self._process.cpu_percent() / 100, 3),
            memory_bytes=self._process.memory_info().rss,
            actions_per_second=_rates(now.actions, before.actions, seconds),
            consumer_lag={topic: int(records) for topic, records in values_by_label(metrics.consumer_lag).items()},
            pending_refreshes=len(app.refresh_queue),
            lists_per_second=round((now.lists_stored - before.lists_stored) / seconds, 2),
            freshness=metrics.recent_freshness.by_bucket(),
            lists_served={one: int(count - first.lists_served.get(one, 0)) for one, count in now.lists_served.items()},
            dead_letters=int(values_by_label(metrics.dead_letters)[""]),
            timer_errors=int(values_by_label(metrics.timer_errors)[""]),
            event_streams=int(values_by_label(metrics.event_streams)[""]),
            shown=self._shown(),
            catalogue=app.served_figures.catalogue,
            table_keys={name: len(table) for name, table in app.state_tables.items()},
            rules=app.ranking_cache.rule_counts.last_hour(time()),
        )

    def _shown(self) -> dict[str, dict[str, tuple[int, ...]]]:
        windows = self._app.served_figures.windows(self._app.kafka_producer.clock.now())
        return {period: served_counts.named(counts) for period, counts in zip(PERIODS, windows, strict=True)}


def _rates(now: Mapping[str, float], before: Mapping[str, float], seconds: float) -> dict[str, float]:
    return {label: round((count - before.get(label, 0)) / seconds, 2) for label, count in now.items()}
