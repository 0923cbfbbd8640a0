"""Videos and users: add, replace and read them, find similar ones, and read a user's profile."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import UserDetails, Video, VideoDetails, first_summaries
from recomind.model.events import epoch_seconds
from recomind.model.ids import VideoId
from recomind.model.responses import ProfileSummary, SimilarUser
from recomind.recommender.candidates import liked_together, similar_users, tags
from recomind.recommender.candidates.types import best_first, user_context_of
from recomind.state.profile import Like, Profile
from recomind_web.problem_json import BadRequestError
from recomind_web.recommendations import load_profile
from recomind_web.request_parsing import app_of, json_response, n_param, parse_body, path_id

EARLIEST_UPLOAD_S: Final = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
LATEST_UPLOAD_S: Final = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
"""Bounds of an upload time, in epoch seconds; both Python and PostgreSQL can represent all times between them."""


async def put_video(request: web.Request) -> web.Response:
    """Add or replace a video."""
    app, video_id, details = app_of(request), path_id(request, "video_id"), await parse_body(request, VideoDetails)
    video = Video(
        video_id=VideoId(video_id),
        title=details.title,
        url=details.url,
        tags=tuple(dict.fromkeys(details.tags)),
        creator_id=details.creator_id,
        created_at=_upload_time(details),
    )
    await app.archive.put_videos([video])
    app.ranking_cache.index.put_video(video)
    return json_response(video.summary_json())


async def get_video(request: web.Request) -> web.Response:
    """Read a video.

    While PostgreSQL is unavailable, the video is read from this worker's memory.
    """
    app, video_id = app_of(request), path_id(request, "video_id")
    try:
        video = await app.archive.video(video_id)
    except UnavailableError:
        index = app.ranking_cache.index
        video = index.videos.get(index.rows.get(video_id, -1))
        if video is None:
            raise
    if video is None:
        raise web.HTTPNotFound(text="there is no such video in the catalogue: PUT it first")
    return json_response(video.summary_json())


async def put_user(request: web.Request) -> web.Response:
    """Add or rename a user.

    This is optional: a user who only acts gets recommendations too.
    """
    user_id, details = path_id(request, "user_id"), await parse_body(request, UserDetails)
    await app_of(request).archive.put_user(user_id, details.name)
    return json_response(msgspec.json.encode({"user_id": user_id, "name": details.name}))


async def get_profile(request: web.Request) -> web.Response:
    """A user's top tags, latest likes and counts of actions."""
    app, user_id = app_of(request), path_id(request, "user_id")
    profile = await load_profile(app, user_id)
    answer = ProfileSummary(
        user_id,
        [tag for tag, _ in tags.top_tags(profile, app.ranking_cache.index)],
        [liked.video_id for liked in reversed(profile.likes)],
        profile.like_count,
        profile.view_count,
        profile.skip_count,
    )
    return json_response(msgspec.json.encode(answer))


async def similar_videos(request: web.Request) -> web.Response:
    """Videos liked together with this one, the most similar first."""
    app, video_id, n = app_of(request), path_id(request, "video_id"), n_param(request)
    seed = Profile(likes=(Like(VideoId(video_id), 0.0),))
    with suppress(UnavailableError):  # without Redis, cached neighbours are used
        await app.ranking_cache.loader.load([seed])
    index = app.ranking_cache.index
    found = best_first(liked_together.propose(user_context_of(seed, index, app.ranking_cache.now), index))
    others = (index.ids[row] for row in found.rows if index.ids[row] != video_id)
    return json_response(first_summaries(app.ranking_cache.summaries_json(others), n))


async def similar_people(request: web.Request) -> web.Response:
    """Users who recently liked the same videos as this user, the most similar first."""
    app, user_id, n = app_of(request), path_id(request, "user_id"), n_param(request)
    profile = await load_profile(app, user_id)
    with suppress(UnavailableError):
        await app.ranking_cache.loader.load([profile])
    index = app.ranking_cache.index
    found = similar_users.similar(user_context_of(profile, index, app.ranking_cache.now), index, user_id)[:n]
    return json_response(msgspec.json.encode([SimilarUser(other, round(float(score), 4)) for other, score in found]))


def _upload_time(details: VideoDetails) -> float:
    """The upload time of a video in epoch seconds; now if it is not given.

    Raises:
        BadRequestError: it is out of bounds.
    """
    uploaded_at = epoch_seconds(details.created_at or datetime.now(UTC))
    if not EARLIEST_UPLOAD_S <= uploaded_at < LATEST_UPLOAD_S:
        raise BadRequestError("created_at must be in the years 1900 to 2999", "created_at")
    return uploaded_at
