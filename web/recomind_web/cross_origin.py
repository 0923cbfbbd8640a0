"""Requests from pages of other origins: which may read answers (CORS), and which may change anything.

A browser sends a request to any address that a page names. Without API keys a foreign page could so post actions for
its visitor, who can reach the worker. Such requests are refused, unless the operator allows their origin. With keys set
no check is needed, as a foreign page has no key.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from recomind_web.headers import HEADER_DESCRIPTIONS
from recomind_web.problem_json import Handler

ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, DELETE"
ALLOWED_HEADERS: Final = "Authorization, Content-Type, X-API-Key"
PREFLIGHT_MAX_AGE_S: Final = 3600
READ_METHODS: Final = ("GET", "HEAD", "OPTIONS")


class CorsPolicy:
    """The origins whose pages may read answers and send actions."""

    def __init__(self, setting: str) -> None:
        """Parse `https://app.example,https://other.example`, or `*` for all; empty for none."""
        self._allowed = frozenset(one.strip().rstrip("/").lower() for one in setting.split(",") if one.strip())

    def allows(self, origin: str) -> bool:
        """Whether an origin is allowed."""
        return "*" in self._allowed or origin.lower() in self._allowed

    def response_headers(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """The headers by which a browser lets a page of an allowed origin read a response."""
        origin = request_headers.get("Origin", "")
        if not self._allowed:
            return {}
        if not origin or not self.allows(origin):
            return {"Vary": "Origin"}
        exposed = ", ".join([*HEADER_DESCRIPTIONS, "Retry-After"])
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposed, "Vary": "Origin"}


def cross_origin_middleware(origins: CorsPolicy, *, needs_key: bool) -> Any:
    """Create the middleware that answers preflight requests, and refuses changes by pages of other origins.

    Args:
        origins: those that are allowed.
        needs_key: whether requests need an API key.
    """

    @web.middleware
    async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if is_preflight and origins.allows(origin):
            return _preflight_response()
        if not needs_key and request.method not in READ_METHODS and _is_foreign(request, origin, origins):
            raise web.HTTPForbidden(
                text=f"a page of {origin or 'another origin'} may not do this: "
                "set RECOMIND_CORS_ORIGINS to the origins of your pages, or RECOMIND_API_KEYS"
            )
        return await handler(request)

    return check_origin


def _preflight_response() -> web.Response:
    headers = {
        "Access-Control-Allow-Methods": ALLOWED_METHODS,
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S),
    }
    return web.Response(status=204, headers=headers)


def _is_foreign(request: web.Request, origin: str, origins: CorsPolicy) -> bool:
    """Whether a page of another origin sent the request; programs other than browsers send no such headers."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"} or (origin and origins.allows(origin)):
        return False
    if site is not None:
        return True
    hosts = {request.host.lower(), request.headers.get("X-Forwarded-Host", "").strip().lower()} - {""}
    return bool(origin) and _host_of(origin) not in hosts


def _host_of(origin: str) -> str:
    """The host and port of an origin; empty for `null` and what is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
