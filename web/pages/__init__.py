"""The pages people see, as plain files, and the handlers that serve them.

What belongs here: HTML, CSS and JavaScript without a build step, and nothing that decides. They use the public API.
"""

from importlib.resources import files

from aiohttp import web

FEED = files("web.pages").joinpath("feed.html").read_text(encoding="utf-8")


async def feed(request: web.Request) -> web.Response:
    """The feed: one video a screen, and the list to come."""
    del request
    return web.Response(text=FEED, content_type="text/html")
