"""Popular videos: those that trend now, or those with the most likes in a window, of one tag or of all."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import MAX_TAG_LENGTH, Video, VideoSummary, first_summaries
from recomind.model.responses import TrendingVideo
from recomind.model.text import tag_key
from recomind.recommender.explain.trend import trend
from recomind.recommender.index.windowed_top import ALL_TAGS, WINDOWS
from recomind.recommender.policy.policy import ANYBODY
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stores.stored_lists import ids_in
from recomind_web.headers import SOURCE_HEADER
from recomind_web.local_requests import country_param
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import app_of, json_response, n_param, refuse_params

DEFAULT_WINDOW: Final = "24h"


async def trending(request: web.Request) -> web.Response:
    """Popular videos, the most popular first.

    Without parameters, the videos that are popular now; with a `country`, those that are popular there, then others.
    Else those that the most users liked in a `window` or with a `tag`; these know no countries. Headers say no country
    here: the list is for no user.
    """
    refuse_params(request, "filter", "scenario", "ranker")
    app, n, country = app_of(request), n_param(request), country_param(request)
    if country:
        if {"window", "tag"} & request.query.keys():
            raise BadRequestError("a country has no windows and tags: leave them out", "country")
        return json_response(app.ranking_cache.popular_in(country, n), headers={SOURCE_HEADER: "cold"})
    if not {"window", "tag"} & request.query.keys():
        videos, source = await popular_videos(app, n)
        return json_response(videos, headers={SOURCE_HEADER: source})
    window, tag = window_param(request), tag_param(request)
    try:
        found = await trending_in_window(app, window, tag, n)
    except UnavailableError:
        return json_response(_cached_popular_videos(app, tag, n), headers={SOURCE_HEADER: "archive"})
    summaries = app.ranking_cache.summaries_json((video.video_id for video in found), ANYBODY)
    return json_response(summaries, headers={SOURCE_HEADER: "cache"})


async def trending_details(request: web.Request) -> web.Response:
    """Popular videos with counts and trend, the most liked first.

    Videos are ordered by their likes in the `window`, and limited to those with the `tag` if one is given.
    """
    refuse_params(request, "filter", "scenario", "ranker", "country")
    app, n, window, tag = app_of(request), n_param(request), window_param(request), tag_param(request)
    return json_response(msgspec.json.encode(await trending_in_window(app, window, tag, n)))


async def popular_videos(app: RecoMindApp, n: int) -> tuple[bytes, str]:
    """The `n` most popular videos as a JSON array, and the source of the list.

    The source is `cache` (Redis), `cold` (PostgreSQL, as Redis has no list, or its list was too short) or `archive`
    (this worker's memory).
    """
    try:
        stored = await app.read_model.popular_videos()
        if stored is None:
            return app.ranking_cache.summaries_json(await app.archive.popular_videos(n), ANYBODY), "cold"
    except UnavailableError:
        return app.ranking_cache.trending_json(n), "archive"
    cache, ids = app.ranking_cache, ids_in(stored)
    if not cache.loader.catalogue.has_catalogue:
        return first_summaries(stored, n), "cache"
    listed = cache.permitted(ids, ANYBODY)
    if len(listed) < min(n, len(ids)):  # some were taken down just now
        return cache.trending_json(n), "cold"
    return cache.summaries_json(listed[:n]), "cache"


async def trending_in_window(app: RecoMindApp, window: str, tag: str, n: int) -> Sequence[TrendingVideo]:
    """The `n` videos with the most likes in a window; among equals, those that rise faster come first."""
    top = await app.read_model.windowed_top(app.options.partitions, tag, window)
    ids = [video_id for video_id, _ in top]
    popularity, now = await app.read_model.popularity(ids), app.ranking_cache.now
    videos = msgspec.json.decode(app.ranking_cache.summaries_json(ids, ANYBODY), type=list[VideoSummary])  # listed ones
    found = (trend(video, popularity.get(video.video_id) or Popularity(), window, now) for video in videos)
    liked = [video for video in found if video.likes and _has_tag(video, tag)]
    return sorted(liked, key=lambda video: (-video.likes, -video.rising, video.video_id))[:n]


def window_param(request: web.Request) -> str:
    """Parse `?window=`: the name of a window.

    Raises:
        BadRequestError: no window has this name.
    """
    name = request.query.get("window", DEFAULT_WINDOW)
    if name not in WINDOWS:
        raise BadRequestError(f"window must be one of {', '.join(WINDOWS)}", "window")
    return name


def tag_param(request: web.Request) -> str:
    """Parse `?tag=`: the key of a tag, or an empty text for all videos.

    Raises:
        BadRequestError: it is longer than a tag may be.
    """
    tag = request.query.get("tag", ALL_TAGS)
    if len(tag) > MAX_TAG_LENGTH:
        raise BadRequestError(f"tag must be at most {MAX_TAG_LENGTH} characters", "tag")
    return tag_key(tag)


def _has_tag(video: Video | VideoSummary, key: str) -> bool:
    return key == ALL_TAGS or any(tag_key(tag) == key for tag in video.tags)


def _cached_popular_videos(app: RecoMindApp, tag: str, n: int) -> bytes:
    """The most popular videos with a tag, from the memory of this worker: used while Redis is unavailable."""
    index = app.ranking_cache.index
    rows = index.top_lists.popular(len(index.ids)).tolist()
    tagged = (index.ids[row] for row in rows if _has_tag(index.videos[row], tag))
    return first_summaries(app.ranking_cache.summaries_json(tagged, ANYBODY), n)
