"""`GET /trending`: what everybody likes now."""

from aiohttp import web

from recomind.app import RecoMindApp
from recomind.errors import UnavailableError
from web.requests import DEGRADED, SOURCE, app_of, first, json, n_of


async def trending(request: web.Request) -> web.Response:
    """Globally popular videos, the most popular first."""
    videos, source = await popular(app_of(request), n_of(request))
    return json(videos, headers={DEGRADED: "redis"} if source == "archive" else {SOURCE: source})


async def popular(app: RecoMindApp, n: int) -> tuple[bytes, str]:
    """Trending as JSON, and where it came from: `cache`, `cold`, or `archive` while Redis is away."""
    try:
        stored = await app.read_model.popular()
    except UnavailableError:
        return app.replica.popular(n), "archive"
    if stored is None:
        return first(app.replica.cards(await app.archive.popular(n)), n), "cold"
    return first(stored, n), "cache"
