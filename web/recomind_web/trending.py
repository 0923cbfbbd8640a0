"""`GET /trending`: what everybody likes now or in a window, of one tag or of all; `/trending/details` says how much."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import TAG_MAX, Card, first
from recomind.model.responses import Trend
from recomind.recommender.explain.trend import trend
from recomind.recommender.index.windowed_top import EVERY_TAG, WINDOWS
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind_web.problems import BadRequestError
from recomind_web.requests import SOURCE, app_of, json, n_of

WINDOW_DEFAULT: Final = "24h"


async def trending(request: web.Request) -> web.Response:
    """Popular videos, the most popular first: globally, or in `window` (1h, 24h, 7d), or of a `tag`."""
    app, n = app_of(request), n_of(request)
    if not {"window", "tag"} & request.query.keys():
        videos, source = await popular(app, n)
        return json(videos, headers={SOURCE: source})
    window, tag = window_of(request), tag_of(request)
    try:
        trends = await trends_of(app, window, tag, n)
    except UnavailableError:
        return json(_at_hand(app, tag, n), headers={SOURCE: "archive"})
    return json(app.replica.cards(one.video_id for one in trends), headers={SOURCE: "cache"})


async def trending_details(request: web.Request) -> web.Response:
    """Videos by their likes in `window` (1h, 24h, 7d; of one `tag`), with counts and speed, the most liked first."""
    app, n, window, tag = app_of(request), n_of(request), window_of(request), tag_of(request)
    return json(msgspec.json.encode(await trends_of(app, window, tag, n)))


async def popular(app: RecoMindApp, n: int) -> tuple[bytes, str]:
    """Trending as JSON, and where it came from: `cache`, `cold`, or `archive` while Redis or PostgreSQL is away."""
    try:
        stored = await app.read_model.popular()
        if stored is None:
            return app.replica.cards(await app.archive.popular(n)), "cold"
    except UnavailableError:
        return app.replica.popular(n), "archive"
    return first(stored, n), "cache"


async def trends_of(app: RecoMindApp, window: str, tag: str, n: int) -> Sequence[Trend]:
    """The `n` videos with the most likes in a window, those that rise faster first among equals."""
    leading = await app.read_model.leaders(app.options.partitions, tag, window)
    ids = [video_id for video_id, _ in leading]
    popularity = await app.read_model.popularity(ids)
    cards = msgspec.json.decode(app.replica.cards(ids), type=list[Card])
    found = (trend(card, popularity.get(card.video_id) or Popularity(), window, app.replica.now) for card in cards)
    liked = [one for one in found if one.likes and (tag == EVERY_TAG or tag in one.tags)]
    return sorted(liked, key=lambda one: (-one.likes, -one.rising, one.video_id))[:n]


def window_of(request: web.Request) -> str:
    """The window asked for: `?window=`.

    Raises:
        BadRequestError: there is none of this name.
    """
    name = request.query.get("window", WINDOW_DEFAULT)
    if name not in WINDOWS:
        raise BadRequestError(f"window must be one of {', '.join(WINDOWS)}", "window")
    return name


def tag_of(request: web.Request) -> str:
    """The tag asked for: `?tag=`; empty for all videos.

    Raises:
        BadRequestError: it is too long for a tag.
    """
    tag = request.query.get("tag", EVERY_TAG)
    if len(tag) > TAG_MAX:
        raise BadRequestError(f"tag must be at most {TAG_MAX} characters", "tag")
    return tag


def _at_hand(app: RecoMindApp, tag: str, n: int) -> bytes:
    """What this worker knows of trending, of a tag, without Redis."""
    index = app.replica.index
    rows = index.heads.popular(len(index.ids)).tolist()
    tagged = (index.ids[row] for row in rows if tag == EVERY_TAG or tag in index.videos[row].tags)
    return first(app.replica.cards(tagged), n)
