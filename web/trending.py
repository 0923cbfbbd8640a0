"""`GET /trending`: what everybody likes now."""

from aiohttp import web

from recomind.errors import UnavailableError
from web.requests import DEGRADED, SOURCE, app_of, first, json, n_of


async def trending(request: web.Request) -> web.Response:
    """Globally popular videos, the most popular first."""
    app, n = app_of(request), n_of(request)
    try:
        popular = await app.read_model.popular()
    except UnavailableError:
        return json(app.replica.popular(n), headers={DEGRADED: "redis"})
    if popular is None:
        return json(first(app.replica.cards(await app.archive.popular(n)), n), headers={SOURCE: "cold"})
    return json(first(popular, n), headers={SOURCE: "cache"})
