"""Liveness, readiness, and metrics for Prometheus."""

from typing import Literal

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from recomind.runtime.app import RecoMindApp
from recomind_web.problem_json import RETRY_AFTER_S, problem_response
from recomind_web.request_parsing import app_of, json_response


async def healthz(request: web.Request) -> web.Response:
    """Liveness: the process responds and has not failed."""
    if app_of(request).failure is not None:
        return problem_response(503, "Service Unavailable", "the worker has failed and is stopping")
    return json_response(b'{"status":"ok"}')


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a worker takes actions in."""

    status: Literal["ready", "degraded"]
    """`degraded`: it serves requests, and does not do all of its work at the moment."""
    reason: str = ""
    """Why it is degraded."""


async def readyz(request: web.Request) -> web.Response:
    """Readiness: the worker has recovered the tables of its partitions, and no rebalance is in progress.

    A worker that has no partitions, because there are more workers than partitions, is ready too. The status is
    `degraded`, with the reason, while the worker does not do all of its work: it still answers requests.
    """
    app = app_of(request)
    if not app.is_ready:
        return problem_response(
            503, "Service Unavailable", _unready_reason(app), headers={"Retry-After": RETRY_AFTER_S}
        )
    reasons = app.health.reasons
    readiness = Readiness("degraded", "; ".join(reasons.values())) if reasons else Readiness("ready")
    return json_response(msgspec.json.encode(readiness))


def _unready_reason(app: RecoMindApp) -> str:
    recovering = [name for name, table in app.state_tables.items() if not table.is_recovered]
    if app.failure is not None:
        return f"the worker has failed and is stopping: {app.failure}"
    if not app.assignment.is_member:
        return "not yet in the consumer group"
    return f"recovering {', '.join(recovering)}" if recovering else "rebalancing"


async def metrics(request: web.Request) -> web.Response:
    """Metrics of this worker in Prometheus text format."""
    app = app_of(request)
    app.update_gauges()
    return web.Response(body=generate_latest(app.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
