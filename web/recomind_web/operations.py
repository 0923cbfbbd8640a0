"""Statistics of all workers, once or as a stream. Any worker can respond, as each publishes its own to Redis."""

from time import time
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.runtime.app import RecoMindApp
from recomind.runtime.served_quality import ServedQuality
from recomind.runtime.video_impressions import CatalogueFigures
from recomind.runtime.worker_stats import (
    ClusterStats,
    WorkerStats,
    catalogue_of,
    cluster_stats,
    served_quality,
    unowned_partitions,
)
from recomind.runtime.worker_stats_store import STATS_UPDATED, WorkerStatsStore
from recomind_web.request_parsing import app_of, json_response
from recomind_web.server_sent_events import stream_events

MIN_EVENT_INTERVAL_S: Final = 0.9
"""Shortest time between two events, in seconds. Workers publish once a second."""


class Overview(msgspec.Struct, frozen=True):
    """The state of all workers now."""

    total: ClusterStats = msgspec.field(name="together")
    """All workers together."""
    workers: tuple[WorkerStats, ...]
    """Each worker, sorted by its partitions."""
    missing: tuple[int, ...]
    """Partitions without a worker: it is being replaced, or has stopped."""
    served: dict[str, ServedQuality]
    """Period (`15m`, `24h`) to what users were shown in it, and what they did with it."""
    catalogue: CatalogueFigures | None
    """What was shown of the catalogue within 24 hours; null until it has been added up."""
    is_complete: bool = msgspec.field(name="whole")
    """True if all workers are included. False if Redis is unavailable and only the worker that responds is included."""


async def operations(request: web.Request) -> web.Response:
    """Statistics of all workers: their total, and each worker."""
    return json_response(await _overview_json(app_of(request)))


async def operations_history(request: web.Request) -> web.Response:
    """Total of all workers over the last hour.

    There is one point every 10 seconds, the oldest first.
    """
    return json_response(msgspec.json.encode(await _store(app_of(request)).history()))


async def operations_events(request: web.Request) -> web.StreamResponse:
    """Statistics of all workers as server-sent events.

    An event `list` is sent every second.
    """
    app = app_of(request)
    return await stream_events(request, STATS_UPDATED, lambda: _overview_json(app), MIN_EVENT_INTERVAL_S)


async def _overview_json(app: RecoMindApp) -> bytes:
    try:
        workers, is_complete = await _store(app).workers(), True
    except UnavailableError:
        workers, is_complete = [app.worker_stats] if app.worker_stats else [], False
    unowned = unowned_partitions(workers, app.options.partitions) if is_complete else ()
    total = cluster_stats(workers, app.ranking_cache.weights, time())
    overview = Overview(total, tuple(workers), unowned, served_quality(workers), catalogue_of(workers), is_complete)
    return msgspec.json.encode(overview)


def _store(app: RecoMindApp) -> WorkerStatsStore:
    return WorkerStatsStore(app.read_model.store, app.options.partitions)
