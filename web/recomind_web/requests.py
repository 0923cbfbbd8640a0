"""What handlers ask of a request, checked."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from recomind.model.events import ID_MAX
from recomind.runtime.app import RecoMindApp
from recomind_web.problems import DEGRADED, BadRequestError

APP: Final = web.AppKey("recomind", RecoMindApp)
N_DEFAULT: Final = 10

SOURCE: Final = "X-RecoMind-Source"
"""Header: `cache`, `cold` (ranked now) or `archive`."""

AS_OF: Final = "X-As-Of"
"""Header: event time for which the list was ranked, epoch seconds."""

LAG: Final = "X-RecoMind-Lag"
"""Header: seconds that the list is behind: the latest event time met by this worker, less `X-As-Of`; at least 0."""

AFTER: Final = "X-RecoMind-After"
"""Header: whether the list counts what `?after=` asks for: `counted`, or `pending` after a second in vain."""

TOKEN: Final = "X-RecoMind-Token"  # noqa: S105 a header's name
"""Header: one token for all actions of a batch that were taken."""

AFTER_PATTERN: Final = r"[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*"
"""What a token looks like."""

HEADERS: Final = {
    AFTER: "`counted`, or `pending` where the list does not count what `after` asks for within a second",
    TOKEN: "one token for all actions that were taken, for `after`; empty if none was",
    SOURCE: "`cache`, `cold` (ranked now) or `archive` (Redis is away)",
    DEGRADED: "the servers that are away, where an answer had to do without them",
    AS_OF: "event time for which the list was ranked, epoch seconds",
    LAG: "seconds of event time that the list is behind: the latest that this worker has met, less X-As-Of; at least 0",
}
"""What our headers say, for the description."""

Kind = TypeVar("Kind")


def app_of(request: web.Request) -> RecoMindApp:
    """The app whose worker serves the request."""
    return request.app[APP]


def id_of(request: web.Request, name: str) -> str:
    """An id from the path.

    Raises:
        BadRequestError: it is too long or has characters that cannot be printed.
    """
    value = request.match_info[name]
    if not 1 <= len(value) <= ID_MAX or not value.isprintable():
        raise BadRequestError(f"{name} must be 1 to {ID_MAX} printable characters", name)
    return value


def n_of(request: web.Request) -> int:
    """How many videos are asked for: `?n=`.

    Raises:
        BadRequestError: it is not a number from 1 to the length of stored lists.
    """
    text, largest = request.query.get("n", str(N_DEFAULT)), app_of(request).options.slate_size
    n = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= n <= largest:
        raise BadRequestError(f"n must be a whole number from 1 to {largest}", "n")
    return n


async def body_of(request: web.Request, kind: type[Kind]) -> Kind:
    """The body, read as `kind`.

    Raises:
        web.HTTPRequestEntityTooLarge: it is larger than the settings allow.
        msgspec.DecodeError: it is not JSON, or not of this kind.
    """
    return msgspec.json.decode(await request.read(), type=kind)


def json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
