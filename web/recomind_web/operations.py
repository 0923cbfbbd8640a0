"""`GET /operations`: all workers' figures, once or pushed; from any worker, as each publishes its own to Redis."""

from time import time
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.runtime.app import RecoMindApp
from recomind.runtime.worker_stats import Figures, Summary, missing, summary
from recomind.runtime.worker_stats_store import NEWS, Operations
from recomind_web.requests import app_of, json
from recomind_web.streams import stream

PACE: Final = 0.9
"""Least seconds between two events; workers publish once a second."""


class Overview(msgspec.Struct, frozen=True):
    """What an operator wants to know now."""

    together: Summary
    workers: tuple[Figures, ...]
    """By their partitions."""
    missing: tuple[int, ...]
    """Partitions that no worker has: it is being replaced, or nobody works."""
    whole: bool
    """Whether all workers are told; false: Redis is away, and this worker tells only of itself."""


async def operations(request: web.Request) -> web.Response:
    """All workers' figures, together and each."""
    return json(await _overview(app_of(request)))


async def operations_history(request: web.Request) -> web.Response:
    """All workers' figures together over the last hour, a point in ten seconds, oldest first."""
    return json(msgspec.json.encode(await _store(app_of(request)).history()))


async def operations_events(request: web.Request) -> web.StreamResponse:
    """All workers' figures as server-sent events: `list` every second."""
    app = app_of(request)
    return await stream(request, NEWS, lambda: _overview(app), PACE)


async def _overview(app: RecoMindApp) -> bytes:
    try:
        workers, whole = await _store(app).workers(), True
    except UnavailableError:
        workers, whole = [app.figures] if app.figures else [], False
    nobody = missing(workers, app.options.partitions) if whole else ()
    together = summary(workers, app.replica.weights, time())
    return msgspec.json.encode(Overview(together, tuple(workers), nobody, whole))


def _store(app: RecoMindApp) -> Operations:
    return Operations(app.read_model.values, app.options.partitions)
