"""`GET /openapi.json`: made from the routes, from the very types that validate requests, and from what handlers say."""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from aiohttp import web

from recomind.model.catalogue import TAG_MAX
from recomind.model.events import ID_MAX
from recomind.model.responses import Problem
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.runtime.api_keys import ADMIN
from recomind_web.examples import EXAMPLES, PARAMETERS, Example, fault
from recomind_web.keys import HEADER, OPEN
from recomind_web.requests import AFTER_PATTERN, HEADERS, N_DEFAULT, json
from recomind_web.schemas import schemas_of

DOCUMENT: Final = web.AppKey("openapi", bytes)

EVENTS: Final = "text/event-stream"

KEY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": HEADER},
}

ABOUT: Final = """Recommends short videos, live: post what people view, like and skip, and read lists that count it.

- Ids are any text of 1 to 128 printable characters; nobody has to be registered to get a list.
- An action is answered with a *token*; `GET /recommendations/{user_id}?after=TOKEN` waits until the list counts it.
- Errors are `application/problem+json`: `detail` says what is wrong, `field` where. After a 429 or 503 try again as
  `Retry-After` says; an action with an `event_id` counts once however often it is sent."""

ENDLESS: Final = "The answer goes on until it is closed, so it is not tried out here: read it with `curl -N`."


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI 3.1 description of all endpoints."""
    return json(request.app[DOCUMENT])


def describe(routes: Iterable[Any], *, needs_key: bool, largest: int) -> bytes:
    """The description of routes, as JSON.

    Args:
        routes: all that there are.
        needs_key: whether to tell how a key is shown.
        largest: the most videos that may be asked for.
    """
    routes = list(routes)
    kinds = [kind for route in routes for kind in (route.answers, route.takes) if kind is not None]
    schemas, components = schemas_of([*kinds, Problem])
    by_kind = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answers = next(by_kind) if route.answers is not None else {"type": "string"}
        takes = next(by_kind) if route.takes is not None else None
        operation = _operation(route, answers, takes, needs_key and route.opened_by != OPEN)
        paths.setdefault(route.path, {})[route.method.lower()] = operation | {"parameters": _parameters(route, largest)}
    information = {"title": "RecoMind", "version": version("recomind"), "description": ABOUT}
    parts = {"schemas": components, **({"securitySchemes": KEY_SCHEMES} if needs_key else {})}
    document = {"openapi": "3.1.0", "info": information, "tags": _tags(routes), "paths": paths, "components": parts}
    return msgspec.json.encode(document)


def _tags(routes: Iterable[Any]) -> list[dict[str, str]]:
    """The modules of the handlers, and what each says of itself first."""
    named = dict.fromkeys(route.handler.__module__ for route in routes)
    modules = sorted(named, key=lambda name: _tag(name) == "pages")  # those are for people: last
    return [
        {"name": _tag(name), "description": (sys.modules[name].__doc__ or "").partition("\n\n")[0]} for name in modules
    ]


def _tag(module: str) -> str:
    return module.rpartition(".")[2]


def _operation(route: Any, answers: Any, takes: Any, locked: bool) -> dict[str, Any]:
    name, example = route.handler.__name__, EXAMPLES.get(route.handler.__name__, Example(None))
    told, _, more = inspect.cleandoc(route.handler.__doc__).partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": name,
        "tags": [_tag(route.handler.__module__)],
        "summary": told.replace("`", ""),
        "description": ENDLESS if route.kind == EVENTS else more,
        "responses": _responses(route, {route.kind: _content(answers, example.answers)}, locked),
    }
    if takes:
        content = {"application/json": _content(takes, example.takes)}
        operation["requestBody"] = {"required": True, "content": content}
    if locked:
        operation["security"] = [{scheme: []} for scheme in KEY_SCHEMES]
    return operation


def _content(schema: Any, example: Any) -> dict[str, Any]:
    return {"schema": schema, **({} if example is None else {"example": example})}


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
    problem = {"application/problem+json": _content({"$ref": "#/components/schemas/Problem"}, fault(status))}
    retry = {"Retry-After": {"schema": {"type": "string"}, "description": "seconds until it makes sense to try again"}}
    return {
        "description": HTTPStatus(status).phrase,
        "content": problem,
        **({"headers": retry} if status in {429, 503} else {}),
    }


def _parameters(route: Any, largest: int) -> list[dict[str, Any]]:
    """What a route takes in its path and its query."""
    identity = {"type": "string", "minLength": 1, "maxLength": ID_MAX}
    parameters = [_parameter("path", name, identity, "") for name in re.findall(r"{(\w+)}", route.path)]
    if route.takes_n:
        schema = {"type": "integer", "minimum": 1, "maximum": largest, "default": N_DEFAULT}
        parameters.append(_parameter("query", "n", schema, "how many"))
    if route.takes_after:
        token = {"type": "string", "pattern": f"^{AFTER_PATTERN}$"}
        waits = "wait up to a second until the list counts the action of this token, such as `3:1042`"
        parameters.append(_parameter("query", "after", token, waits))
    if route.takes_window:
        window = {"type": "string", "enum": list(WINDOWS)}
        tag = {"type": "string", "maxLength": TAG_MAX}
        parameters.append(_parameter("query", "window", window, "as of the latest action"))
        parameters.append(_parameter("query", "tag", tag, "only videos that carry it, such as `funny`"))
    return parameters


def _parameter(place: str, name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter; one that is required has an example, with which a page is filled in before it is tried out."""
    told = {"name": name, "in": place, "schema": schema, **({"description": description} if description else {})}
    return told | ({"required": True, "example": PARAMETERS.get(name, "")} if place == "path" else {})
