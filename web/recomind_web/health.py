"""Liveness, readiness, and metrics for Prometheus."""

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from recomind_web.problem_json import problem_response
from recomind_web.request_parsing import app_of, json_response


async def healthz(request: web.Request) -> web.Response:
    """Liveness: the process responds and has not failed."""
    if app_of(request).failure is not None:
        return problem_response(503, "Service Unavailable", "the worker has failed and is stopping")
    return json_response(b'{"status":"ok"}')


async def readyz(request: web.Request) -> web.Response:
    """Readiness: the worker has recovered the tables of its partitions, and no rebalance is in progress.

    A worker that has no partitions, because there are more workers than partitions, is ready too. The status is
    `degraded`, with the reason, while the worker does not do all of its work: it still answers requests.
    """
    if not app_of(request).is_ready:
        return problem_response(503, "Service Unavailable", "recovering, rebalancing or not yet in the consumer group")
    if reasons := app_of(request).health.reasons:
        return json_response(msgspec.json.encode({"status": "degraded", "reason": "; ".join(reasons.values())}))
    return json_response(b'{"status":"ready"}')


async def metrics(request: web.Request) -> web.Response:
    """Metrics of this worker in Prometheus text format."""
    app = app_of(request)
    app.update_gauges()
    return web.Response(body=generate_latest(app.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
