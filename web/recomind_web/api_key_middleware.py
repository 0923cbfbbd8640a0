"""Authentication by API key: if RECOMIND_API_KEYS is set, the key of a request must have the scope of the route.

Access is denied by default: a route without an entry needs the scope `admin`. The middleware is not installed if the
setting is empty.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from aiohttp import web

from recomind.runtime.api_keys import ADMIN, ApiKey, find_key
from recomind_web.problem_json import Handler
from recomind_web.rate_limits import RateLimiter

API_KEY_HEADER: Final = "X-API-Key"
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="recomind"'}

key_name: ContextVar[str] = ContextVar("key_name", default="")
"""Name of the API key of the current request; empty without one."""

key_scopes: ContextVar[frozenset[str] | None] = ContextVar("key_scopes", default=None)
"""Scopes of the API key of the current request; None where requests need no key."""

PUBLIC: Final = ""
"""The scope of routes that need no key."""


def api_key_middleware(keys: Sequence[ApiKey], limiter: RateLimiter, scopes: Mapping[tuple[str, str], str]) -> Any:
    """Create the middleware that authenticates requests.

    Args:
        keys: all configured keys.
        limiter: the rate limit of each key.
        scopes: (method, path of the route) to the scope that it needs.
    """

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:  # no such route: the handler raises 404 or 405
            return await handler(request)
        scope = _required_scope(request, scopes)
        if scope != PUBLIC:
            key = _authenticated_key(request, keys)
            limiter.check(key.name)
            key_name.set(key.name)
            key_scopes.set(key.scopes)
            require_scope(scope)
        return await handler(request)

    return authenticate


def require_scope(scope: str) -> None:
    """Check that the key of the current request has a scope; it passes where requests need no key.

    Raises:
        web.HTTPForbidden: it lacks the scope.
    """
    scopes = key_scopes.get()
    if scopes is not None and scope not in scopes:
        raise web.HTTPForbidden(text=f"this key lacks the scope {scope}")


def _required_scope(request: web.Request, scopes: Mapping[tuple[str, str], str]) -> str:
    resource = request.match_info.route.resource
    return scopes.get((request.method, resource.canonical), ADMIN) if resource else ADMIN


def _authenticated_key(request: web.Request, keys: Sequence[ApiKey]) -> ApiKey:
    """The configured key that the request carries.

    Raises:
        web.HTTPUnauthorized: the request has no key, or an unknown one.
    """
    presented = request.headers.get(API_KEY_HEADER) or _bearer_token(request.headers.get("Authorization", ""))
    found = find_key(keys, presented) if presented else None
    if found is None:
        needed = f"an API key is required: Authorization: Bearer KEY, or {API_KEY_HEADER}: KEY"
        raise web.HTTPUnauthorized(text="this key is unknown" if presented else needed, headers=CHALLENGE)
    return found


def _bearer_token(header: str) -> str:
    scheme, _, key = header.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
