"""`GET /openapi.json`: made from the routes and from the very types that validate requests."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from aiohttp import web

from recomind.catalogue import TAG_MAX
from recomind.ranking.leaders import WINDOWS
from web.problems import Problem
from web.requests import N_DEFAULT, json

DOCUMENT: Final = web.AppKey("openapi", bytes)


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI 3.1 description of all endpoints."""
    return json(request.app[DOCUMENT])


def describe(routes: Iterable[Any]) -> bytes:
    """The description of routes, as JSON."""
    routes = list(routes)
    kinds = [kind for route in routes for kind in (route.answers, route.takes) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    by_kind = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answers = next(by_kind) if route.answers is not None else None
        takes = next(by_kind) if route.takes is not None else None
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, answers, takes)
    information = {"title": "RecoMind", "version": "0.1.0", "description": "Live recommendations of short videos."}
    document = {"openapi": "3.1.0", "info": information, "paths": paths, "components": {"schemas": components}}
    return msgspec.json.encode(document)


def _operation(route: Any, answers: Any, takes: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": answers}} if answers else {"text/plain": {"schema": {"type": "string"}}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.handler.__doc__,
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": "done", "content": content},
            "default": {"description": "what went wrong, and in which field", "content": problem},
        },
    }
    if takes:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
    return operation


def _parameters(route: Any) -> list[dict[str, Any]]:
    identity = {"type": "string", "minLength": 1, "maxLength": 128}
    names = re.findall(r"{(\w+)}", route.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identity} for name in names
    ]
    if route.takes_n:
        schema = {"type": "integer", "minimum": 1, "default": N_DEFAULT}
        parameters.append({"name": "n", "in": "query", "schema": schema, "description": "how many"})
    if route.takes_window:
        window = {"type": "string", "enum": list(WINDOWS)}
        tag = {"type": "string", "maxLength": TAG_MAX}
        parameters.append({"name": "window", "in": "query", "schema": window, "description": "as of the latest action"})
        parameters.append({"name": "tag", "in": "query", "schema": tag, "description": "only videos that carry it"})
    return parameters
