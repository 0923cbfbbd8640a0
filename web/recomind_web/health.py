"""Whether the worker lives, whether it is ready, and its figures."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from recomind_web.problems import problem
from recomind_web.requests import app_of, json


async def healthz(request: web.Request) -> web.Response:
    """The process answers and has not failed."""
    if app_of(request).failure is not None:
        return problem(503, "Service Unavailable", "the worker has failed and is stopping")
    return json(b'{"status":"ok"}')


async def readyz(request: web.Request) -> web.Response:
    """The worker has the state of its partitions, if there are any for it, and no rebalance goes on."""
    if not app_of(request).is_ready:
        return problem(503, "Service Unavailable", "recovering, rebalancing or not yet in the group")
    return json(b'{"status":"ready"}')


async def metrics(request: web.Request) -> web.Response:
    """Figures for Prometheus."""
    counters = app_of(request).counters
    app_of(request).observe()
    return web.Response(body=generate_latest(counters.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
