"""All HTTP routes: method, path, handler, parameters, and the types of bodies."""

from typing import Any, Final, cast

from faust.web.drivers.aiohttp import Web

from recomind.model.catalogue import VideoDetails, VideoEntry, VideoSummary
from recomind.model.events import VideoAction
from recomind.model.experiment_responses import ExperimentChange, ExperimentFigures
from recomind.model.experiments import Experiment
from recomind.model.receipts import (
    ChangeProgress,
    ChangeReceipt,
    ErasureProgress,
    ErasureReceipt,
    MergeProgress,
    MergeReceipt,
    SessionToMerge,
)
from recomind.model.responses import (
    ActionOutcome,
    ChangedSetting,
    Explanation,
    Feed,
    LiveSettingValues,
    ProfileSummary,
    SettingsChange,
    SimilarUser,
    Takedowns,
    TrendingVideo,
)
from recomind.model.rule_responses import RulebookChange, RuleEntry, RulePreview, ScenarioEntry
from recomind.model.rules import Rule, Scenario
from recomind.model.users import UserDetails, UserEntry
from recomind.runtime.api_keys import ADMIN, parse_keys
from recomind.runtime.app import RecoMindApp
from recomind.runtime.worker_stats import ClusterStats
from recomind_web import (
    actions,
    catalogue,
    catalogue_changes,
    experiments,
    explain,
    feed,
    forgetting,
    headers,
    health,
    live_settings,
    merging,
    openapi,
    operations,
    pages,
    recommendations,
    rules,
    trending,
)
from recomind_web.api_key_middleware import PUBLIC, api_key_middleware
from recomind_web.context_headers import CONTEXT_HEADERS_KEY, ContextHeaders
from recomind_web.cross_origin import CorsPolicy, cross_origin_middleware
from recomind_web.geoip import GeoIp
from recomind_web.local_requests import GEOIP_KEY
from recomind_web.openapi import EVENT_STREAM
from recomind_web.problem_json import problem_json_middleware
from recomind_web.rate_limits import RateLimiter
from recomind_web.request_body import BodyReader
from recomind_web.request_parsing import APP_KEY, BODY_READER_KEY
from recomind_web.response_headers import common_headers
from recomind_web.route import Route
from recomind_web.server import install
from recomind_web.time_slices import time_slices_middleware
from recomind_web.update_hub import HUB_KEY, Hub

HTML: Final = "text/html"

ROUTES: Final = (
    Route("GET", "/", pages.feed_page, media_type=HTML, other_statuses=(304,), scope=PUBLIC),
    Route(
        "GET",
        "/recommendations/{user_id}",
        recommendations.recommendations,
        list[VideoSummary],
        has_n=True,
        has_after=True,
        has_exclude=True,
        has_scenario=True,
        has_ranker=True,
        response_headers=(*headers.LIST_HEADERS, headers.END_HEADER, headers.RANKER_HEADER),
    ),
    Route("POST", "/video_action", actions.post_action, ActionOutcome, VideoAction, 202),
    Route(
        "POST",
        "/video_actions",
        actions.post_actions,
        list[ActionOutcome],
        list[VideoAction],
        202,
        other_statuses=(207,),
        response_headers=(headers.TOKEN_HEADER,),
    ),
    Route("GET", "/trending", trending.trending, list[VideoSummary], has_n=True, has_window=True, has_country=True),
    Route("GET", "/trending/details", trending.trending_details, list[TrendingVideo], has_n=True, has_window=True),
    Route(
        "PUT",
        "/videos/{video_id}",
        catalogue.put_video,
        VideoEntry,
        VideoDetails,
        other_statuses=(404,),
        response_headers=(headers.RECEIPT_HEADER,),
    ),
    Route("GET", "/videos/{video_id}", catalogue.get_video, VideoEntry, other_statuses=(404,)),
    Route("DELETE", "/videos/{video_id}", catalogue_changes.delete_video, ChangeReceipt, status=202),
    Route(
        "GET",
        "/videos/{video_id}/changes/{receipt}",
        catalogue_changes.change_progress,
        ChangeProgress,
        other_statuses=(404,),
    ),
    Route("GET", "/videos/{video_id}/similar", catalogue.similar_videos, list[VideoSummary], has_n=True),
    Route("PUT", "/users/{user_id}", catalogue.put_user, UserEntry, UserDetails),
    Route("GET", "/users/{user_id}", catalogue.get_user, UserEntry, other_statuses=(404,)),
    Route("DELETE", "/users/{user_id}", forgetting.forget, ErasureReceipt, status=202),
    Route(
        "GET", "/users/{user_id}/forgetting/{receipt}", forgetting.forgetting, ErasureProgress, other_statuses=(404,)
    ),
    Route("POST", "/users/{user_id}/merge", merging.merge, MergeReceipt, SessionToMerge, 202),
    Route(
        "GET",
        "/users/{user_id}/merge/{session}/{receipt}",
        merging.merge_progress,
        MergeProgress,
        other_statuses=(404,),
    ),
    Route("GET", "/users/{user_id}/profile", catalogue.get_profile, ProfileSummary),
    Route("GET", "/users/{user_id}/similar", catalogue.similar_people, list[SimilarUser], has_n=True),
    Route("GET", "/explain/{user_id}/{video_id}", explain.explain, Explanation, has_scenario=True),
    Route("GET", "/feed", feed.trending_feed, Feed, has_n=True, has_window=True),
    Route(
        "GET",
        "/feed/{user_id}",
        feed.feed,
        Feed,
        has_n=True,
        has_after=True,
        has_exclude=True,
        has_cursor=True,
        response_headers=(headers.AFTER_HEADER, headers.ARMS_HEADER),
        has_scenario=True,
        other_statuses=(410,),
    ),
    Route("GET", "/takedowns", feed.takedowns, Takedowns, has_since=True),
    Route("GET", "/events/feed", feed.trending_events, has_n=True, has_window=True, media_type=EVENT_STREAM),
    Route("GET", "/events/feed/{user_id}", feed.feed_events, has_n=True, has_scenario=True, media_type=EVENT_STREAM),
    Route("GET", "/rules", rules.get_rules, list[RuleEntry], scope=ADMIN),
    Route("PUT", "/rules/{rule_id}", rules.put_rule, RuleEntry, Rule, other_statuses=(503,), scope=ADMIN),
    Route("DELETE", "/rules/{rule_id}", rules.delete_rule, RuleEntry, other_statuses=(404, 503), scope=ADMIN),
    Route(
        "GET",
        "/rules/{rule_id}/preview/{user_id}",
        rules.preview_rule,
        RulePreview,
        has_n=True,
        other_statuses=(404,),
        scope=ADMIN,
    ),
    Route("GET", "/scenarios", rules.get_scenarios, list[ScenarioEntry], scope=ADMIN),
    Route(
        "PUT", "/scenarios/{scenario}", rules.put_scenario, ScenarioEntry, Scenario, other_statuses=(503,), scope=ADMIN
    ),
    Route(
        "DELETE", "/scenarios/{scenario}", rules.delete_scenario, ScenarioEntry, other_statuses=(404, 503), scope=ADMIN
    ),
    Route("GET", "/rulebook/history", rules.rulebook_history, list[RulebookChange], scope=ADMIN),
    Route("GET", "/experiment-history", experiments.experiment_history, list[ExperimentChange], scope=ADMIN),
    Route("GET", "/experiments", experiments.get_experiments, list[ExperimentFigures], scope=ADMIN),
    Route(
        "GET",
        "/experiments/{experiment}",
        experiments.get_experiment,
        ExperimentFigures,
        other_statuses=(404, 503),
        scope=ADMIN,
    ),
    Route(
        "PUT",
        "/experiments/{experiment}",
        experiments.put_experiment,
        ExperimentFigures,
        Experiment,
        other_statuses=(503,),
        scope=ADMIN,
    ),
    Route(
        "DELETE",
        "/experiments/{experiment}",
        experiments.delete_experiment,
        ExperimentFigures,
        other_statuses=(404, 503),
        scope=ADMIN,
    ),
    Route("GET", "/ops", pages.operations_page, media_type=HTML, other_statuses=(304,), scope=PUBLIC),
    Route("GET", "/operations", operations.operations, operations.Overview, scope=ADMIN),
    Route(
        "GET",
        "/operations/history",
        operations.operations_history,
        list[ClusterStats],
        other_statuses=(503,),
        scope=ADMIN,
    ),
    Route(
        "GET",
        "/events/operations",
        operations.operations_events,
        other_statuses=(503,),
        media_type=EVENT_STREAM,
        scope=ADMIN,
    ),
    Route("GET", "/rulebook", pages.rules_page, media_type=HTML, other_statuses=(304,), scope=PUBLIC),
    Route("GET", "/settings", live_settings.get_settings, LiveSettingValues, scope=ADMIN),
    Route("PUT", "/settings", live_settings.put_settings, LiveSettingValues, SettingsChange, scope=ADMIN),
    Route("GET", "/settings/history", live_settings.settings_history, list[ChangedSetting], scope=ADMIN),
    Route("GET", "/docs", pages.docs_page, media_type=HTML, other_statuses=(304,), scope=PUBLIC),
    Route("GET", "/assets/{name}", pages.asset, media_type="*/*", other_statuses=(304, 404), scope=PUBLIC),
    Route("GET", "/healthz", health.healthz, dict[str, str], other_statuses=(503,), scope=PUBLIC),
    Route("GET", "/readyz", health.readyz, health.Readiness, other_statuses=(503,), scope=PUBLIC),
    Route("GET", "/metrics", health.metrics, media_type="text/plain", scope=ADMIN),
    Route("GET", "/openapi.json", openapi.openapi, dict[str, Any], scope=PUBLIC),
)


def add_routes(app: RecoMindApp) -> None:
    """Add middlewares, routes and the hub to the app's web server."""
    driver = cast("Web", app.web)
    install(driver, app.options)
    server = driver.web_app
    server[APP_KEY] = app
    server[BODY_READER_KEY] = BodyReader(app.options.body_limit)
    server[CONTEXT_HEADERS_KEY] = ContextHeaders.parse(app.options.context_headers)
    server[GEOIP_KEY] = GeoIp.open(app.options.geoip_file)
    keys, origins = parse_keys(app.options.api_keys), CorsPolicy(app.options.cors_origins)
    server[openapi.DOCUMENT_KEY] = openapi.describe(ROUTES, needs_key=bool(keys), max_n=app.options.slate_size)
    server.on_response_prepare.append(common_headers(origins))
    server.middlewares.append(problem_json_middleware)
    server.middlewares.append(time_slices_middleware)
    server.middlewares.append(pages.page_middleware)
    server.middlewares.append(cross_origin_middleware(origins, needs_key=bool(keys)))
    if keys:
        scopes = {(method, route.path): route.required_scope for route in ROUTES for method in route.methods}
        limiter = RateLimiter(app.options.rate_limit, app.options.rate_burst)
        server.middlewares.append(api_key_middleware(keys, limiter, scopes))
    hub = server[HUB_KEY] = Hub(app.read_model, app.options.streams_limit)
    hub.follow(app.ranking_cache)
    app.metrics.event_streams.set_function(lambda: hub.open_streams)
    server.on_startup.append(hub.start)
    server.on_shutdown.append(hub.stop)
    for route in ROUTES:
        for method in route.methods:
            server.router.add_route(method, route.path.replace("}", ":[^/]+}"), route.handler)  # ids may have braces
