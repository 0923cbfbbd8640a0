"""Which list a request asks for: `?scenario=` and `?filter=`, for which local context, and how many videos.

Only lists without scenario and filter are stored. Others are ranked for each request.
"""

from aiohttp import web

from recomind.model.filters import parse_filter
from recomind.model.rules import DEFAULT_SCENARIO
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.app import RecoMindApp
from recomind_web.headers import ARMS_HEADER
from recomind_web.local_requests import likely_country, local_param
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import DEFAULT_N, app_of, n_param


def list_request(request: web.Request, user_id: str) -> ListRequest:
    """Parse `?scenario=` and `?filter=`, of several filters all must hold; and the local context.

    With `RECOMIND_CONTEXT=none` no list has one.

    Raises:
        BadRequestError: there is no such scenario, or the local context cannot be read.
        InvalidFieldError: a filter cannot be read.
    """
    app, local = app_of(request), local_param(request)
    cache = app.ranking_cache
    scenario = request.query.get("scenario", DEFAULT_SCENARIO)
    if scenario != DEFAULT_SCENARIO and scenario not in cache.rules.scenarios:
        raise BadRequestError("there is no such scenario: PUT /scenarios/{name} makes one", "scenario")
    return ListRequest(
        user_id,
        scenario,
        parse_filter(" ".join(request.query.getall("filter", ()))),
        local if cache.has_context else "",
        likely_country(request) if cache.has_context else "",
    )


def arms_header(app: RecoMindApp, asked: ListRequest) -> dict[str, str]:
    """The header that names the arms of the user; empty if there are none."""
    arms = app.ranking_cache.arms(asked)
    return {ARMS_HEADER: ", ".join(f"{one.experiment}={one.arm}" for one in arms)} if arms else {}


def length_of(request: web.Request, asked: ListRequest) -> int:
    """Parse `?n=`; if it is absent, the length that the scenario says.

    Raises:
        BadRequestError: it is not a whole number from 1 to the length of stored lists.
    """
    app = app_of(request)
    scenario = app.ranking_cache.rules.scenarios.get(asked.scenario)
    default = DEFAULT_N if scenario is None or scenario.n is None else min(scenario.n, app.options.slate_size)
    return n_param(request, default)
