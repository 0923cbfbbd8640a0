"""Parse and validate the parts of a request that several handlers need, and build JSON responses."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Final, TypeVar
from urllib.parse import unquote_plus

import msgspec
from aiohttp import web

from recomind.model.catalogue import check_id
from recomind.model.text import id_of_segment
from recomind.runtime.app import RecoMindApp
from recomind_web.problem_json import BadRequestError
from recomind_web.request_body import BodyReader

APP_KEY: Final = web.AppKey("recomind", RecoMindApp)
BODY_READER_KEY: Final = web.AppKey("body_reader", BodyReader)

DEFAULT_N: Final = 10
"""Length of a list if `?n=` is absent."""

MAX_EXCLUDED: Final = 100
"""Most ids in `?exclude=`; with UUIDs they fill half of a request's first line."""

_SECONDS: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")

Body = TypeVar("Body")


def app_of(request: web.Request) -> RecoMindApp:
    """The Faust app of the worker that serves the request."""
    return request.app[APP_KEY]


def path_id(request: web.Request, name: str) -> str:
    """The id called `name` in the path.

    Raises:
        InvalidFieldError: it is too long or has unprintable characters.
    """
    return check_id(name, id_of_segment(request.match_info[name]))


def n_param(request: web.Request, default: int = DEFAULT_N) -> int:
    """Parse `?n=`: the maximum number of items to return; `default` if it is absent.

    Raises:
        BadRequestError: it is not a whole number from 1 to the length of stored lists.
    """
    text, largest = request.query.get("n", str(default)), app_of(request).options.slate_size
    n = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= n <= largest:
        raise BadRequestError(f"n must be a whole number from 1 to {largest}", "n")
    return n


def since_param(request: web.Request) -> float | None:
    """Parse `?since=`: a time in epoch seconds; None if it is absent.

    Raises:
        BadRequestError: it is no number, below 0, or too large.
    """
    text = request.query.get("since")
    if text is None:
        return None
    if not _SECONDS.fullmatch(text) or not isfinite(float(text)):
        raise BadRequestError("since must be the `at` of an earlier answer: a time in epoch seconds", "since")
    return float(text)


def refuse_params(request: web.Request, *names: str) -> None:
    """Refuse parameters of other paths, which would be ignored.

    Raises:
        BadRequestError: one of them is there.
    """
    for name in names:
        if name in request.query:
            raise BadRequestError(f"there is no parameter {name} here: leave it out", name)


def exclude_param(request: web.Request) -> tuple[str, ...]:
    """Parse `?exclude=`: ids of videos to leave out, separated by commas, in one parameter or several.

    A comma within an id is written as `%2C`.

    Raises:
        BadRequestError: there are too many, or one is not an id.
    """
    if "exclude" not in request.query:
        return ()
    pairs = (pair.partition("=") for pair in request.rel_url.raw_query_string.split("&"))
    values = [value for name, _, value in pairs if unquote_plus(name) == "exclude" and value]
    found = tuple(dict.fromkeys(unquote_plus(one) for value in values for one in value.split(",")))
    if len(found) > MAX_EXCLUDED:
        raise BadRequestError(f"exclude has {len(found)} ids: at most {MAX_EXCLUDED} are possible", "exclude")
    for one in found:
        check_id("exclude", one)
    return found


async def parse_body(request: web.Request, body_type: type[Body]) -> Body:
    """Decode the JSON body as `body_type`.

    Raises:
        BadRequestError: it cannot be read or inflated.
        web.HTTPException: it is larger than `RECOMIND_BODY_LIMIT`, or comes too slowly.
        msgspec.DecodeError: it is not JSON, or not of this type.
    """
    return msgspec.json.decode(await request.app[BODY_READER_KEY].read(request), type=body_type)


def json_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response with a JSON body."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
