"""Videos and people: upserts and reads, similar videos and similar people, a person's profile."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import UserDetails, Video, VideoDetails, first
from recomind.model.events import epoch
from recomind.model.responses import ProfileAnswer, SimilarUser
from recomind.recommender.candidates import liked_together, similar_users, tags
from recomind.recommender.candidates.types import best_first, person_of
from recomind.state.profile import Liked, Profile
from recomind_web.problems import BadRequestError
from recomind_web.recommendations import profile_of
from recomind_web.requests import app_of, body_of, id_of, json, n_of

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
"""Between these a video was uploaded: well within the times that Python and PostgreSQL can both tell."""


async def put_video(request: web.Request) -> web.Response:
    """Add or replace a video."""
    app, video_id, sent = app_of(request), id_of(request, "video_id"), await body_of(request, VideoDetails)
    video = Video(
        video_id=video_id,
        title=sent.title,
        url=sent.url,
        tags=tuple(dict.fromkeys(sent.tags)),
        creator_id=sent.creator_id,
        created_at=_uploaded_at(sent),
    )
    await app.archive.put_videos([video])
    app.replica.index.put_video(video)
    return json(video.card())


async def get_video(request: web.Request) -> web.Response:
    """A video of the catalogue; while PostgreSQL is away, as this worker knows it."""
    app, video_id = app_of(request), id_of(request, "video_id")
    try:
        video = await app.archive.video(video_id)
    except UnavailableError:
        video = app.replica.index.videos.get(app.replica.index.rows.get(video_id, -1))
        if video is None:
            raise
    if video is None:
        raise web.HTTPNotFound(text="no such video in the catalogue: PUT it first")
    return json(video.card())


async def put_user(request: web.Request) -> web.Response:
    """Add or rename a person."""
    user_id, sent = id_of(request, "user_id"), await body_of(request, UserDetails)
    await app_of(request).archive.put_user(user_id, sent.name)
    return json(msgspec.json.encode({"user_id": user_id, "name": sent.name}))


async def get_profile(request: web.Request) -> web.Response:
    """A person's top tags, latest likes and counts."""
    app, user_id = app_of(request), id_of(request, "user_id")
    known = await profile_of(app, user_id)
    answer = ProfileAnswer(
        user_id,
        [tag for tag, _ in tags.top(known, app.replica.index)],
        [liked.video_id for liked in reversed(known.likes)],
        known.like_count,
        known.view_count,
        known.skip_count,
    )
    return json(msgspec.json.encode(answer))


async def similar_videos(request: web.Request) -> web.Response:
    """Videos liked together with this one, the most similar first."""
    app, video_id, n = app_of(request), id_of(request, "video_id"), n_of(request)
    seed = Profile(likes=(Liked(video_id, 0.0),))
    with suppress(UnavailableError):  # with the figures at hand, then
        await app.replica.load([seed])
    index = app.replica.index
    found = best_first(liked_together.propose(person_of(seed, index, app.replica.now), index))
    return json(first(app.replica.cards(index.ids[row] for row in found.rows if index.ids[row] != video_id), n))


async def similar_people(request: web.Request) -> web.Response:
    """People who lately liked the same videos, the most similar first."""
    app, user_id, n = app_of(request), id_of(request, "user_id"), n_of(request)
    known = await profile_of(app, user_id)
    with suppress(UnavailableError):
        await app.replica.load([known])
    found = similar_users.similar(person_of(known, app.replica.index, app.replica.now), app.replica.index, user_id)[:n]
    return json(msgspec.json.encode([SimilarUser(other, round(float(score), 4)) for other, score in found]))


def _uploaded_at(sent: VideoDetails) -> float:
    """When the video was uploaded, epoch seconds.

    Raises:
        BadRequestError: that is out of all bounds.
    """
    at = epoch(sent.created_at or datetime.now(UTC))
    if not EARLIEST <= at < LATEST:
        raise BadRequestError("created_at must be in the years 1900 to 2999", "created_at")
    return at
