"""The pages of the web interface as static files, and the handlers that serve them.

What belongs here: HTML, CSS and JavaScript without a build step, and no decisions. The pages use the public API.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiohttp import web

from recomind_web.server import write_in_time

MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript", "html": "text/html", "svg": "image/svg+xml"}
"""File name extension to media type."""

PAGES_BY_PATH: Final = {"/experiments": "experiments.html"}
"""Path to the page that a browser gets there."""

PIECE_BYTES: Final = 64 << 10
"""Bytes of a file that are sent at once."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
"""A page may load nothing from other hosts."""

FEED_PAGE_POLICY: Final = CONTENT_SECURITY_POLICY.replace(
    "img-src 'self' data:", "img-src 'self' data: http: https:; media-src 'self' blob: http: https:"
)
"""The feed page also plays videos, and shows their thumbnails, from wherever the catalogue says they are."""


class StaticFile:
    """A file in memory, served with an ETag."""

    def __init__(self, name: str, content: bytes) -> None:
        self.content = content
        self._policy = FEED_PAGE_POLICY if name == "feed.html" else CONTENT_SECURITY_POLICY
        self._media_type = MEDIA_TYPES[name.rpartition(".")[2]]
        self._etag = sha256(content).hexdigest()[:16]

    async def response(self, request: web.Request) -> web.StreamResponse:
        """The file; 304 if the browser has this version."""
        headers = {
            "Cache-Control": "no-cache",
            "ETag": f'"{self._etag}"',
            "Content-Security-Policy": self._policy,
        }
        if any(tag.value == self._etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if len(self.content) <= PIECE_BYTES or request.method == "HEAD":
            return web.Response(body=self.content, headers=headers, content_type=self._media_type, charset="utf-8")
        return await self._in_pieces(request, headers)

    async def _in_pieces(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        """A large file, piece by piece: sent at once, it would stay in memory for each client that does not read."""
        response = web.StreamResponse(headers=headers)
        response.content_type, response.charset = self._media_type, "utf-8"
        response.content_length = len(self.content)
        await response.prepare(request)
        for start in range(0, len(self.content), PIECE_BYTES):
            await write_in_time(response, self.content[start : start + PIECE_BYTES])
        return response


def _swagger_ui() -> dict[str, StaticFile]:
    """The files of Swagger UI from the package flask-swagger-ui, which is not imported because it needs Flask."""
    found = find_spec("flask_swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise ImportError("flask-swagger-ui is not installed: install what requirements.lock lists")
    folder = Path(found.submodule_search_locations[0]) / "dist"
    return {name: StaticFile(name, (folder / name).read_bytes()) for name in ("swagger-ui.css", "swagger-ui-bundle.js")}


FILES: Final[dict[str, StaticFile]] = {
    file.name: StaticFile(file.name, file.read_bytes())
    for file in files("recomind_web.pages").iterdir()
    if file.name.rpartition(".")[2] in MEDIA_TYPES
} | _swagger_ui()
"""All files by name, read at import."""


async def feed_page(request: web.Request) -> web.StreamResponse:
    """The feed page: one video at a time, and the list of next videos."""
    return await FILES["feed.html"].response(request)


async def operations_page(request: web.Request) -> web.StreamResponse:
    """The operations page."""
    return await FILES["ops.html"].response(request)


async def rules_page(request: web.Request) -> web.StreamResponse:
    """The rules page: rules with what they did, and a preview."""
    return await FILES["rulebook.html"].response(request)


@web.middleware
async def page_middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Serve the page of a path that has data, too, to a browser that asks for HTML: it needs no API key."""
    name = PAGES_BY_PATH.get(request.path) if request.method in {"GET", "HEAD"} else None
    if name is None or "text/html" not in request.headers.get("Accept", ""):
        return await handler(request)
    response = await FILES[name].response(request)
    response.headers["Vary"] = "Accept"
    return response


async def docs_page(request: web.Request) -> web.StreamResponse:
    """The API documentation page, drawn by Swagger UI."""
    return await FILES["docs.html"].response(request)


async def asset(request: web.Request) -> web.StreamResponse:
    """A script, stylesheet or image of a page."""
    found = FILES.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound(text="no such file")
    return await found.response(request)
