"""`GET /openapi.json`: made from the routes and from the very types that validate requests."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from recomind.access import ADMIN
from recomind.answers import Problem
from recomind.catalogue import TAG_MAX
from recomind.ranking.leaders import WINDOWS
from web.keys import HEADER, OPEN
from web.requests import AFTER_PATTERN, HEADERS, N_DEFAULT, json

DOCUMENT: Final = web.AppKey("openapi", bytes)

KEY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": HEADER},
}


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI 3.1 description of all endpoints."""
    return json(request.app[DOCUMENT])


def describe(routes: Iterable[Any], *, needs_key: bool) -> bytes:
    """The description of routes, as JSON; with the ways to show a key where one is needed."""
    routes = list(routes)
    kinds = [kind for route in routes for kind in (route.answers, route.takes) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    by_kind = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answers = next(by_kind) if route.answers is not None else {"type": "string"}
        takes = next(by_kind) if route.takes is not None else None
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, answers, takes, needs_key)
    information = {"title": "RecoMind", "version": "0.1.0", "description": "Live recommendations of short videos."}
    parts = {"schemas": components, **({"securitySchemes": KEY_SCHEMES} if needs_key else {})}
    return msgspec.json.encode({"openapi": "3.1.0", "info": information, "paths": paths, "components": parts})


def _operation(route: Any, answers: Any, takes: Any, needs_key: bool) -> dict[str, Any]:
    locked = needs_key and route.opened_by != OPEN
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.handler.__doc__,
        "parameters": _parameters(route),
        "responses": _responses(route, {route.kind: {"schema": answers}}, locked),
    }
    if takes:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
    if locked:
        operation["security"] = [{name: []} for name in KEY_SCHEMES]
    return operation


def _responses(route: Any, content: dict[str, Any], locked: bool) -> dict[str, Any]:
    headers = {name: {"schema": {"type": "string"}, "description": HEADERS[name]} for name in route.headers}
    done = {"description": "done", "content": content, "headers": headers}
    answers: dict[int, Any] = {status: done for status in (route.status, *route.also) if status < 300}
    answers |= {status: {"description": "as before"} for status in route.also if 300 <= status < 400}
    answers |= {status: _failure(status) for status in (*_failures(route, locked), *route.also) if status >= 400}
    return {str(status): answer for status, answer in sorted(answers.items())}


def _failures(route: Any, locked: bool) -> Iterator[int]:
    """The statuses that a route may fail with, by what it takes and by who may ask."""
    if route.takes or route.takes_n or route.takes_window or "{" in route.path:
        yield 400
    if route.takes:
        yield 413
    if locked:
        yield from (401, 403, 429)
    if route.opened_by not in {OPEN, ADMIN}:
        yield 503


def _failure(status: int) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    retry = {"Retry-After": {"schema": {"type": "string"}, "description": "seconds until it makes sense to try again"}}
    return {
        "description": HTTPStatus(status).phrase,
        "content": problem,
        **({"headers": retry} if status in {429, 503} else {}),
    }


def _parameters(route: Any) -> list[dict[str, Any]]:
    identity = {"type": "string", "minLength": 1, "maxLength": 128}
    names = re.findall(r"{(\w+)}", route.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identity} for name in names
    ]
    if route.takes_n:
        schema = {"type": "integer", "minimum": 1, "default": N_DEFAULT}
        parameters.append({"name": "n", "in": "query", "schema": schema, "description": "how many"})
    if route.takes_after:
        token = {"type": "string", "pattern": f"^{AFTER_PATTERN}$"}
        waits = "wait up to a second until the list counts the action of this token"
        parameters.append({"name": "after", "in": "query", "schema": token, "description": waits})
    if route.takes_window:
        window = {"type": "string", "enum": list(WINDOWS)}
        tag = {"type": "string", "maxLength": TAG_MAX}
        parameters.append({"name": "window", "in": "query", "schema": window, "description": "as of the latest action"})
        parameters.append({"name": "tag", "in": "query", "schema": tag, "description": "only videos that carry it"})
    return parameters
