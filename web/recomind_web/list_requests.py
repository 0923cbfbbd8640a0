"""Which list a request asks for: `?scenario=` and `?filter=`, and how many videos.

Only lists without either are stored. Others are ranked for each request.
"""

from aiohttp import web

from recomind.model.filters import parse_filter
from recomind.model.rules import DEFAULT_SCENARIO
from recomind.recommender.policy.policy import ListRequest
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import DEFAULT_N, app_of, n_param


def list_request(request: web.Request, user_id: str) -> ListRequest:
    """Parse `?scenario=` and `?filter=`; of several filters all must hold.

    Raises:
        BadRequestError: there is no such scenario.
        InvalidFieldError: a filter cannot be read.
    """
    scenario = request.query.get("scenario", DEFAULT_SCENARIO)
    if scenario != DEFAULT_SCENARIO and scenario not in app_of(request).ranking_cache.rules.scenarios:
        raise BadRequestError("there is no such scenario: PUT /scenarios/{name} makes one", "scenario")
    return ListRequest(user_id, scenario, parse_filter(" ".join(request.query.getall("filter", ()))))


def length_of(request: web.Request, asked: ListRequest) -> int:
    """Parse `?n=`; if it is absent, the length that the scenario says.

    Raises:
        BadRequestError: it is not a whole number from 1 to the length of stored lists.
    """
    app = app_of(request)
    scenario = app.ranking_cache.rules.scenarios.get(asked.scenario)
    default = DEFAULT_N if scenario is None or scenario.n is None else min(scenario.n, app.options.slate_size)
    return n_param(request, default)
