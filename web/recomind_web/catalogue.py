"""Videos and users: add, replace and read them, find similar ones, and read a user's profile."""

from contextlib import suppress
from datetime import datetime
from time import time

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import VideoDetails, first_summaries, join_summaries, video_change
from recomind.model.catalogue_changes import change_of
from recomind.model.ids import VideoId
from recomind.model.responses import ProfileSummary, SimilarUser
from recomind.model.users import UserDetails, user_metadata_changes
from recomind.recommender.candidates import liked_together, similar_users, tags
from recomind.recommender.candidates.types import best_first, user_context_of
from recomind.recommender.policy.policy import ANYBODY
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind_web.catalogue_changes import send_change
from recomind_web.headers import RECEIPT_HEADER
from recomind_web.request_parsing import app_of, json_response, n_param, parse_body, path_id, refuse_params
from recomind_web.user_profiles import load_profile


async def put_video(request: web.Request) -> web.Response:
    """Add, replace or change a video.

    A body with a `title` is a whole entry: what the response to `GET` shows may be sent back as it is. A `url` or
    `tags` that are left out are empty then; all else that is left out stays. A body without a `title`, such as
    `{"hidden": true}`, changes a video that the catalogue holds: all that is left out stays. Tags are stored in
    Unicode's form NFC and without blanks around them; they count as the same in any case.

    With `hidden`, or from `expires_at` on, the video is in no list; all that is known of it stays. The response header
    `X-RecoMind-Receipt` names the change, to query when all workers have applied it.
    """
    app, video_id, details = app_of(request), path_id(request, "video_id"), await parse_body(request, VideoDetails)
    video = await app.archive.change_video(video_change(video_id, details), time())
    if video is None:
        raise web.HTTPNotFound(text="there is no such video in the catalogue: PUT it with its title to add it")
    headers = {}
    try:
        headers[RECEIPT_HEADER] = await send_change(app, change_of(video))
    except UnavailableError:  # workers read the change from PostgreSQL, but a takedown has to be confirmed
        if details.hidden is True or isinstance(details.expires_at, datetime):
            raise
    return json_response(video.entry_json(), headers=headers)


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
    return json_response(video.entry_json())


async def put_user(request: web.Request) -> web.Response:
    """Add or change a user.

    This is optional: a user who only acts gets recommendations too. Metadata says what may be shown to the user: not
    what they block, nor what their country or age excludes. It acts at once on this worker, also on stored lists, and
    within a second or two on all others. Metadata that is left out stays as it is stored.
    """
    app, user_id, details = app_of(request), path_id(request, "user_id"), await parse_body(request, UserDetails)
    entry, change = await app.archive.put_user(user_id, details.name, user_metadata_changes(user_id, details))
    app.ranking_cache.users.apply(change)
    return json_response(msgspec.json.encode(entry))


async def get_user(request: web.Request) -> web.Response:
    """Read a user's name and metadata."""
    user = await app_of(request).archive.user(path_id(request, "user_id"))
    if user is None:
        raise web.HTTPNotFound(text="this user was never PUT: name and metadata are not known")
    return json_response(msgspec.json.encode(user))


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
    refuse_params(request, "filter", "scenario", "ranker", "country")
    app, video_id, n = app_of(request), path_id(request, "video_id"), n_param(request)
    if video_id not in app.ranking_cache.index.rows:  # else each id asked for would stay in memory
        return json_response(join_summaries(()))
    seed = Profile(likes=(Like(VideoId(video_id), 0.0),))
    with suppress(UnavailableError):  # without Redis, cached neighbours are used
        await app.ranking_cache.loader.load([seed])
    index = app.ranking_cache.index
    found = best_first(liked_together.propose(user_context_of(seed, index, app.ranking_cache.now), index))
    others = (index.ids[row] for row in found.rows if index.ids[row] != video_id)
    return json_response(first_summaries(app.ranking_cache.summaries_json(others, ANYBODY), n))


async def similar_people(request: web.Request) -> web.Response:
    """Users who recently liked the same videos as this user, the most similar first."""
    app, user_id, n = app_of(request), path_id(request, "user_id"), n_param(request)
    profile = await load_profile(app, user_id)
    with suppress(UnavailableError):
        await app.ranking_cache.loader.load([profile])
    index = app.ranking_cache.index
    found = similar_users.similar(user_context_of(profile, index, app.ranking_cache.now), index, user_id)[:n]
    return json_response(msgspec.json.encode([SimilarUser(other, round(float(score), 4)) for other, score in found]))
