"""The pages people see, as plain files, and the handlers that serve them.

What belongs here: HTML, CSS and JavaScript without a build step, and nothing that decides. They use the public API.
"""

from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiohttp import web

TYPES: Final = {"css": "text/css", "js": "text/javascript", "html": "text/html", "svg": "image/svg+xml"}

POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
"""What a page may load: nothing from elsewhere."""


class Page:
    """A file, and how browsers may keep it."""

    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._kind = TYPES[name.rpartition(".")[2]]
        self._tag = sha256(content).hexdigest()[:16]

    def answer(self, request: web.Request) -> web.Response:
        """The file; 304 where the browser has it already."""
        headers = {"Cache-Control": "no-cache", "ETag": f'"{self._tag}"', "Content-Security-Policy": POLICY}
        if any(tag.value == self._tag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._content, headers=headers, content_type=self._kind, charset="utf-8")


def _swagger_ui() -> dict[str, Page]:
    """Swagger UI's own files, from the package that carries them; it is not imported, as that needs Flask."""
    found = find_spec("flask_swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise ImportError("flask-swagger-ui is not installed: install what requirements.lock lists")
    folder = Path(found.submodule_search_locations[0]) / "dist"
    return {name: Page(name, (folder / name).read_bytes()) for name in ("swagger-ui.css", "swagger-ui-bundle.js")}


FILES: Final[dict[str, Page]] = {
    file.name: Page(file.name, file.read_bytes())
    for file in files("recomind_web.pages").iterdir()
    if file.name.rpartition(".")[2] in TYPES
} | _swagger_ui()


async def feed(request: web.Request) -> web.Response:
    """The feed: one video a screen, and the list to come."""
    return FILES["feed.html"].answer(request)


async def operations(request: web.Request) -> web.Response:
    """The operator's page."""
    return FILES["ops.html"].answer(request)


async def docs(request: web.Request) -> web.Response:
    """The description of the API, to read and to try out."""
    return FILES["docs.html"].answer(request)


async def asset(request: web.Request) -> web.Response:
    """A file that a page loads."""
    found = FILES.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound(text="no such file")
    return found.answer(request)
