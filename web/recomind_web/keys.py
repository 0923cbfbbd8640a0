"""Who may do what: with RECOMIND_API_KEYS set, a request shows a key, and the key's scopes open the route or do not.

What no route names is for `admin`: a door that is forgotten stays shut. Without the setting none of this is installed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from recomind.runtime.api_keys import ADMIN, ApiKey, find
from recomind_web.limits import Limits
from recomind_web.problems import Handler

HEADER: Final = "X-API-Key"
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="recomind"'}

OPEN: Final = ""
"""The scope of routes that need no key."""


def doors(keys: Sequence[ApiKey], limits: Limits, scopes: Mapping[tuple[str, str], str]) -> Any:
    """The middleware that lets requests in.

    Args:
        keys: all there are.
        limits: how often each may ask.
        scopes: (method, path of the route) to the scope that opens it.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:  # no such route: the handler says so
            return await handler(request)
        scope = _scope_of(request, scopes)
        if scope != OPEN:
            key = _key_of(request, keys)
            limits.check(key.name)
            if scope not in key.scopes:
                raise web.HTTPForbidden(text=f"this key lacks the scope {scope}")
        return await handler(request)

    return check


def _scope_of(request: web.Request, scopes: Mapping[tuple[str, str], str]) -> str:
    resource = request.match_info.route.resource
    return scopes.get((request.method, resource.canonical), ADMIN) if resource else ADMIN


def _key_of(request: web.Request, keys: Sequence[ApiKey]) -> ApiKey:
    presented = request.headers.get(HEADER) or _bearer(request.headers.get("Authorization", ""))
    found = find(keys, presented) if presented else None
    if found is None:
        detail = "this key is unknown" if presented else f"show a key: Authorization: Bearer KEY, or {HEADER}: KEY"
        raise web.HTTPUnauthorized(text=detail, headers=CHALLENGE)
    return found


def _bearer(header: str) -> str:
    scheme, _, key = header.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
