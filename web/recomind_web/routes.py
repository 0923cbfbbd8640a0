"""Every route: method, path, handler, what it takes and what it answers."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiohttp import web

from recomind.model.catalogue import Card, UserDetails, VideoDetails
from recomind.model.events import VideoAction
from recomind.model.responses import (
    Explanation,
    Feed,
    Outcome,
    ProfileAnswer,
    Progress,
    Receipt,
    SimilarUser,
    Trend,
)
from recomind.runtime.api_keys import ADMIN, READ, WRITE, read_keys
from recomind.runtime.app import RecoMindApp
from recomind.runtime.worker_stats import Summary
from recomind_web import (
    actions,
    catalogue,
    explain,
    feed,
    forgetting,
    health,
    openapi,
    operations,
    pages,
    problems,
    recommendations,
    trending,
)
from recomind_web.hub import HUB, Hub
from recomind_web.keys import OPEN, doors
from recomind_web.limits import Limits
from recomind_web.openapi import EVENTS
from recomind_web.problems import DEGRADED
from recomind_web.requests import AFTER, APP, AS_OF, LAG, SOURCE, TOKEN

HTML: Final = "text/html"


class Route(NamedTuple):
    """One endpoint."""

    method: str
    path: str
    handler: Callable[[web.Request], Any]
    answers: Any = None
    takes: Any = None
    status: int = 200
    takes_n: bool = False
    takes_window: bool = False
    takes_after: bool = False
    kind: str = "application/json"
    """Media type of what it answers."""
    also: tuple[int, ...] = ()
    """Other statuses that it may answer with."""
    headers: tuple[str, ...] = ()
    """Headers of ours that its answers carry."""
    scope: str | None = None
    """Which scope of a key opens it, `OPEN` for none; as a rule `read` for GET, and `write` for all else."""

    @property
    def opened_by(self) -> str:
        """The scope that opens it."""
        return (READ if self.method == "GET" else WRITE) if self.scope is None else self.scope


ROUTES: Final = (
    Route("GET", "/", pages.feed, kind=HTML, also=(304,), scope=OPEN),
    Route(
        "GET",
        "/recommendations/{user_id}",
        recommendations.recommendations,
        list[Card],
        takes_n=True,
        takes_after=True,
        headers=(SOURCE, AS_OF, LAG, AFTER, DEGRADED),
    ),
    Route("POST", "/video_action", actions.post_action, Outcome, VideoAction, 202),
    Route(
        "POST",
        "/video_actions",
        actions.post_actions,
        list[Outcome],
        list[VideoAction],
        202,
        also=(207,),
        headers=(TOKEN,),
    ),
    Route("GET", "/trending", trending.trending, list[Card], takes_n=True, takes_window=True),
    Route("GET", "/trending/details", trending.trending_details, list[Trend], takes_n=True, takes_window=True),
    Route("PUT", "/videos/{video_id}", catalogue.put_video, Card, VideoDetails),
    Route("GET", "/videos/{video_id}", catalogue.get_video, Card, also=(404,)),
    Route("GET", "/videos/{video_id}/similar", catalogue.similar_videos, list[Card], takes_n=True),
    Route("PUT", "/users/{user_id}", catalogue.put_user, dict[str, str], UserDetails),
    Route("DELETE", "/users/{user_id}", forgetting.forget, Receipt, status=202),
    Route("GET", "/users/{user_id}/forgetting/{receipt}", forgetting.forgetting, Progress, also=(404,)),
    Route("GET", "/users/{user_id}/profile", catalogue.get_profile, ProfileAnswer),
    Route("GET", "/users/{user_id}/similar", catalogue.similar_people, list[SimilarUser], takes_n=True),
    Route("GET", "/explain/{user_id}/{video_id}", explain.explain, Explanation),
    Route("GET", "/feed", feed.trending_feed, Feed, takes_n=True, takes_window=True),
    Route("GET", "/feed/{user_id}", feed.feed, Feed, takes_n=True),
    Route("GET", "/events/feed", feed.trending_events, takes_n=True, takes_window=True, kind=EVENTS),
    Route("GET", "/events/feed/{user_id}", feed.feed_events, takes_n=True, kind=EVENTS),
    Route("GET", "/ops", pages.operations, kind=HTML, also=(304,), scope=OPEN),
    Route("GET", "/operations", operations.operations, operations.Overview, scope=ADMIN),
    Route("GET", "/operations/history", operations.operations_history, list[Summary], also=(503,), scope=ADMIN),
    Route("GET", "/events/operations", operations.operations_events, also=(503,), kind=EVENTS, scope=ADMIN),
    Route("GET", "/docs", pages.docs, kind=HTML, also=(304,), scope=OPEN),
    Route("GET", "/assets/{name}", pages.asset, kind="*/*", also=(304, 404), scope=OPEN),
    Route("GET", "/healthz", health.healthz, dict[str, str], also=(503,), scope=OPEN),
    Route("GET", "/readyz", health.readyz, dict[str, str], also=(503,), scope=OPEN),
    Route("GET", "/metrics", health.metrics, kind="text/plain", scope=ADMIN),
    Route("GET", "/openapi.json", openapi.openapi, dict[str, Any], scope=OPEN),
)


def declare(app: RecoMindApp) -> None:
    """Put all routes on the app's web server."""
    served: web.Application = app.web.web_app
    served[APP] = app
    keys = read_keys(app.options.api_keys)
    served[openapi.DOCUMENT] = openapi.describe(ROUTES, needs_key=bool(keys), largest=app.options.slate_size)
    served._client_max_size = app.options.body_limit
    served.middlewares.append(problems.problems)
    if keys:
        scopes = {(route.method, route.path): route.opened_by for route in ROUTES}
        served.middlewares.append(doors(keys, Limits(app.options.rate_limit, app.options.rate_burst), scopes))
    hub = served[HUB] = Hub(app.read_model, app.options.streams_limit)
    app.counters.streams.set_function(lambda: hub.size)
    served.on_startup.append(hub.start)
    served.on_shutdown.append(hub.stop)
    for route in ROUTES:
        served.router.add_route(route.method, route.path, route.handler)
