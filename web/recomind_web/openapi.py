"""The OpenAPI document, made from the routes, the types that validate requests, and the handlers' docstrings."""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from aiohttp import web

from recomind.model.catalogue import MAX_TAG_LENGTH
from recomind.model.events import MAX_ID_LENGTH
from recomind.model.filters import MAX_FILTER_LENGTH
from recomind.model.responses import Problem
from recomind.model.rules import NAME_PATTERN
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.runtime.api_keys import ADMIN
from recomind_web.api_key_middleware import API_KEY_HEADER, PUBLIC
from recomind_web.headers import HEADER_DESCRIPTIONS
from recomind_web.local_requests import MEANINGS
from recomind_web.openapi_examples import EXAMPLES, PATH_PARAMETERS, Example, problem_example
from recomind_web.openapi_schemas import schemas_of
from recomind_web.read_your_writes import TOKEN_PATTERN
from recomind_web.request_parsing import DEFAULT_N, MAX_EXCLUDED, json_response

DOCUMENT_KEY: Final = web.AppKey("openapi", bytes)

EVENT_STREAM: Final = "text/event-stream"

SECURITY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER},
}

DESCRIPTION: Final = """RecoMind recommends short videos in real time. Post what users view, like and skip, and read \
lists that reflect it.

- An id is any text of 1 to 128 printable characters. In a path, write `%C2%AD.` and `%C2%AD..` for the ids `.` and
  `..`: browsers and proxies take these for folders, also as `%2E`. A user gets recommendations without registration.
- The response to an action has a `token`. `GET /recommendations/{user_id}?after=TOKEN` waits until the list reflects
  that action.
- An error has the media type `application/problem+json`: `detail` says what is wrong, and `field` names the field at
  fault. After a 429 or 503, retry when the seconds in `Retry-After` have passed. An action with an `event_id` counts
  once, even if it is sent more than once."""

STREAM_NOTE: Final = "The response is a stream that does not end, so it cannot be tried out here. Use `curl -N`."

PATH_PARAMETER_DESCRIPTIONS: Final = {
    "user_id": "Id of a user.",
    "video_id": "Id of a video.",
    "session": "Id of an anonymous session.",
    "receipt": "The `receipt` in the response to the request.",
    "name": "File name.",
    "rule_id": "Id of a rule.",
    "scenario": "Name of a scenario.",
    "experiment": "Name of an experiment.",
}


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI 3.1 document that describes all endpoints."""
    return json_response(request.app[DOCUMENT_KEY])


def describe(routes: Iterable[Any], *, needs_key: bool, max_n: int) -> bytes:
    """Make the OpenAPI document, as JSON.

    Args:
        routes: all routes.
        needs_key: whether requests need an API key.
        max_n: largest value of the parameter `n`.
    """
    routes = list(routes)
    types = [body for route in routes for body in (route.response_type, route.body_type) if body is not None]
    schemas, components = schemas_of([*types, Problem])
    schema_of_type = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        response = next(schema_of_type) if route.response_type is not None else {"type": "string"}
        body = next(schema_of_type) if route.body_type is not None else None
        operation = _operation(route, response, body, needs_key and route.required_scope != PUBLIC)
        paths.setdefault(route.path, {})[route.method.lower()] = operation | {"parameters": _parameters(route, max_n)}
    info = {"title": "RecoMind", "version": version("recomind"), "description": DESCRIPTION}
    parts = {"schemas": components, **({"securitySchemes": SECURITY_SCHEMES} if needs_key else {})}
    document = {"openapi": "3.1.0", "info": info, "tags": _tags(routes), "paths": paths, "components": parts}
    return msgspec.json.encode(document)


def _tags(routes: Iterable[Any]) -> list[dict[str, str]]:
    """A tag for each module with handlers; its description is the first paragraph of the module's docstring."""
    names = dict.fromkeys(route.handler.__module__ for route in routes)
    modules = sorted(names, key=lambda name: _tag(name) == "pages")  # the pages are no part of the API: last
    return [
        {"name": _tag(name), "description": (sys.modules[name].__doc__ or "").partition("\n\n")[0]} for name in modules
    ]


def _tag(module: str) -> str:
    return module.rpartition(".")[2]


def _operation(route: Any, response: Any, body: Any, is_protected: bool) -> dict[str, Any]:
    """The description of an endpoint, with the schemas of its response and of its request body, if any."""
    name, example = route.handler.__name__, EXAMPLES.get(route.handler.__name__, Example(None))
    summary, _, details = inspect.cleandoc(route.handler.__doc__).partition("\n\n")
    notes = [details, STREAM_NOTE] if route.media_type == EVENT_STREAM else [details]
    operation: dict[str, Any] = {
        "operationId": name,
        "tags": [_tag(route.handler.__module__)],
        "summary": summary.replace("`", ""),
        "description": "\n\n".join(note for note in notes if note),
        "responses": _responses(route, {route.media_type: _content(response, example.response)}, is_protected),
    }
    if body:
        content = {"application/json": _content(body, example.body)}
        operation["requestBody"] = {"required": True, "content": content}
    if is_protected:
        operation["security"] = [{scheme: []} for scheme in SECURITY_SCHEMES]
    return operation


def _content(schema: Any, example: Any) -> dict[str, Any]:
    return {"schema": schema, **({} if example is None else {"example": example})}


def _responses(route: Any, content: dict[str, Any], is_protected: bool) -> dict[str, Any]:
    """Status to the description of the response."""
    headers = {
        name: {"schema": {"type": "string"}, "description": HEADER_DESCRIPTIONS[name]}
        for name in route.response_headers
    }
    statuses = (route.status, *route.other_statuses)
    success: dict[int, Any] = {
        status: {"description": HTTPStatus(status).phrase, "content": content, "headers": headers}
        for status in statuses
        if status < 300
    }
    redirections = {status: {"description": HTTPStatus(status).phrase} for status in statuses if 300 <= status < 400}
    failing = [*_error_statuses(route, is_protected), *(status for status in statuses if status >= 400)]
    responses = success | redirections | {status: _error_response(status) for status in failing}
    return {str(status): response for status, response in sorted(responses.items())}


def _error_statuses(route: Any, is_protected: bool) -> Iterator[int]:
    """The error statuses that follow from the parameters of a route and from its scope."""
    if route.body_type or route.has_n or route.has_window or route.has_since or "{" in route.path:
        yield 400
    if route.body_type:
        yield 413
    if is_protected:
        yield from (401, 403, 429)
    if route.required_scope not in {PUBLIC, ADMIN}:
        yield 503


_LOCAL_SCHEMAS: Final[dict[str, Any]] = {
    "country": {"type": "string", "pattern": "^[A-Za-z]{2}$"},
    "local_hour": {"type": "integer", "minimum": 0, "maximum": 23},
    "timezone": {"type": "string", "maxLength": 64},
}

_LOCAL_MEANINGS: Final = {
    "country": f"Where the user is: {MEANINGS['country']}.",
    "local_hour": f"When it is there: {MEANINGS['local_hour']}.",
    "timezone": f"Instead of the hour, the time zone: {MEANINGS['timezone']}.",
}


def _error_response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    retry = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds to wait before the next attempt."}}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": _content(schema, problem_example(status))},
        **({"headers": retry} if status in {429, 503} else {}),
    }


def _parameters(route: Any, max_n: int) -> list[dict[str, Any]]:
    """The parameters of a route: those in its path, and those of its query."""
    id_schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}
    parameters = [
        _path_parameter(name, id_schema, PATH_PARAMETER_DESCRIPTIONS[name])
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.has_n:
        schema = {"type": "integer", "minimum": 1, "maximum": max_n, "default": DEFAULT_N}
        parameters.append(_query_parameter("n", schema, "Maximum number of items in the response."))
    if route.has_after:
        token = {"type": "string", "pattern": f"^{TOKEN_PATTERN}$"}
        waiting = "Token of an action, such as `3:1042`: wait up to 1 second until the list reflects that action."
        parameters.append(_query_parameter("after", token, waiting))
    if route.has_exclude:
        ids = {"type": "array", "items": id_schema, "maxItems": MAX_EXCLUDED}
        meaning = "Ids of videos to leave out, separated by commas or in several parameters; `%2C` is a comma in an id."
        parameters.append(_query_parameter("exclude", ids, meaning))
    if route.has_scenario:
        scenario = {"type": "string", "pattern": NAME_PATTERN}
        parameters.append(_query_parameter("scenario", scenario, "A scenario; without it, the one called `default`."))
        meaning = "Which videos, such as `tag:music,dance -creator:c7 duration:..60`. Repeated ones must all hold."
        parameters.append(_query_parameter("filter", {"type": "string", "maxLength": MAX_FILTER_LENGTH}, meaning))
        parameters += [_query_parameter(name, _LOCAL_SCHEMAS[name], _LOCAL_MEANINGS[name]) for name in _LOCAL_MEANINGS]
    if route.has_ranker:
        meaning = "What orders the list, such as `popularity` or `source:tags`. It needs the scope `admin`."
        parameters.append(_query_parameter("ranker", {"type": "string", "minLength": 1}, meaning))
    if route.has_country:
        meaning = f"Popular videos of a country: {MEANINGS['country']}. Few are filled up with those of all countries."
        parameters.append(_query_parameter("country", _LOCAL_SCHEMAS["country"], meaning))
    if route.has_cursor:
        meaning = "Empty: begin a feed session. Else the `cursor` of the latest page: get the next one."
        parameters.append(_query_parameter("cursor", {"type": "string"}, meaning) | {"allowEmptyValue": True})
    if route.has_since:
        meaning = "Only takedowns since then, and of the minute before: the `at` of the latest answer."
        parameters.append(_query_parameter("since", {"type": "number", "minimum": 0}, meaning))
    if route.has_window:
        window = {"type": "string", "enum": list(WINDOWS)}
        tag = {"type": "string", "maxLength": MAX_TAG_LENGTH}
        meaning = "Window of time that ends at the latest action: 1 hour, 24 hours or 7 days."
        parameters.append(_query_parameter("window", window, meaning))
        parameters.append(_query_parameter("tag", tag, "Only videos with this tag, such as `funny`."))
    return parameters


def _query_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _path_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter in the path, with an example, so that the documentation page can be tried out at once."""
    parameter = {"name": name, "in": "path", "schema": schema, "description": description}
    return parameter | {"required": True, "example": PATH_PARAMETERS[name]}
