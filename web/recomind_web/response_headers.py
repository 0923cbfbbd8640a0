"""Headers that every response has."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from recomind_web.cross_origin import CorsPolicy
from recomind_web.server import SERVER_NAME


def common_headers(origins: CorsPolicy) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal handler that adds the headers before a response is sent.

    No answer is stored by a cache unless its handler says so: most are about one user. Browsers must not guess media
    types, and the server does not tell the versions of its libraries.
    """

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER_NAME
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.update(origins.response_headers(request.headers))

    return add_headers
