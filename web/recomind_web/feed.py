"""Lists with a reason for each video, of one user or of what trends, once or as server-sent events.

`GET /recommendations` and `GET /trending` return bare lists; their format is fixed. The feed adds reasons and counts.
"""

from collections.abc import Awaitable, Sequence
from math import inf
from time import time
from typing import Final, TypeVar

import msgspec
from aiohttp import web
from msgspec.structs import replace

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video, VideoSummary
from recomind.model.ids import VideoId
from recomind.model.responses import Feed, FeedVideo, Reason, Takedowns
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.types import MAX_SEEDS
from recomind.recommender.explain.evidence import Evidence, counts, video_of
from recomind.recommender.explain.local_reasons import local_reason
from recomind.recommender.explain.reasons import reasons
from recomind.recommender.explain.trend import describe_trend
from recomind.recommender.policy.local_lists import local_of_key
from recomind.recommender.policy.policy import ANYBODY, ListRequest
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.list_store import ANONYMOUS_USER
from recomind.stores.stored_lists import ListMeta, ids_in
from recomind_web.feed_pages import cursor_param, next_page
from recomind_web.headers import AFTER_HEADER
from recomind_web.list_requests import arms_header, length_of, list_request
from recomind_web.read_your_writes import after_param, wait_until_counted
from recomind_web.recommendations import UserList, is_all_seen, load_or_rank_list, without_excluded
from recomind_web.request_parsing import (
    app_of,
    exclude_param,
    json_response,
    n_param,
    path_id,
    refuse_params,
    since_param,
)
from recomind_web.server_sent_events import ComposeData, stream_events
from recomind_web.trending import popular_videos, tag_param, trending_in_window, window_param
from recomind_web.user_profiles import load_profile_or_empty

Summary = TypeVar("Summary", bound=VideoSummary)

MAX_TOP_TAGS: Final = 5
"""The number of a user's top tags in a feed."""

CONTROL_REASONS: Final = (Reason("control", "control", 1.0, "Picked at random, to find out what you like"),)
"""Why a video is in a list of the control group."""

TRENDING_MIN_EVENT_INTERVAL_S: Final = 1.0
"""Shortest time between two events of the trending feed, in seconds. Trending changes with every action."""


async def trending_feed(request: web.Request) -> web.Response:
    """Trending videos with counts.

    Without parameters, the videos that are popular now; else those of a `window` or with a `tag`.
    """
    return json_response(await _trending_composer(request)())


async def feed(request: web.Request) -> web.Response:
    """Top videos for a user, with the reasons for each.

    With an empty `cursor`, a feed session begins: the response has a cursor for the next page, and so on, and no video
    comes twice. Each page is ranked when it is asked for. A session lasts until 24 hours after its last page; then its
    cursors are answered 410. `end` says that the user has seen everything else: then the new cursor gets what is
    uploaded later.

    With `after`, the list or page counts the action that the token names, if that takes no longer than 1 second.
    """
    refuse_params(request, "ranker")
    app, asked, after = app_of(request), list_request(request, path_id(request, "user_id")), after_param(request)
    n, cursor, excluded = length_of(request, asked), cursor_param(request, app, asked.user_id), exclude_param(request)
    is_counted = after is None or await wait_until_counted(app, asked.user_id, after) is not None
    headers = {} if after is None else {AFTER_HEADER: "counted" if is_counted else "pending"}
    headers |= arms_header(app, asked)
    if cursor is None:
        return json_response(await _user_feed_json(app, asked, n, excluded), headers=headers)
    page = await next_page(app, asked, n, cursor, excluded)
    composed, _ = await _explained(app, asked, n, UserList(page.served, "cold"))
    composed = replace(composed, cursor=page.cursor, end=page.is_end, may_repeat=page.may_repeat)
    return json_response(msgspec.json.encode(composed), headers=headers)


async def takedowns(request: web.Request) -> web.Response:
    """Videos that were taken down lately.

    Pages and apps that hold lists, but read no event stream, ask again and again: they are not to show these videos any
    more. Without `since`, they are all of the last hour, whoever made them, also before the worker was started. With
    the `at` of an answer as `since`, they are those after it, and once more those of the minute before it, as another
    worker may have answered. Nothing is cut off: after a large removal the answer is long.
    """
    since, now = since_param(request), time()
    log = app_of(request).ranking_cache.loader.catalogue.takedowns
    answer = Takedowns(log.within(inf if since is None else now - since), now)
    return json_response(msgspec.json.encode(answer))


async def trending_events(request: web.Request) -> web.StreamResponse:
    """The trending feed as server-sent events.

    An event `list` is sent whenever the feed has changed, at most once a second. An event `removed` names videos that
    were taken down, at most 500 each, first all of the last hour: pages are not to show them any more, wherever they
    have them from.
    """
    compose, interval = _trending_composer(request), TRENDING_MIN_EVENT_INTERVAL_S
    return await stream_events(request, ANONYMOUS_USER, compose, interval, tells_removals=True)


async def feed_events(request: web.Request) -> web.StreamResponse:
    """A user's feed as server-sent events.

    An event `list` is sent whenever the feed has changed. An event `removed` names videos that were taken down, at most
    500 each, first all of the last hour: pages are not to show them any more, wherever they have them from.
    """
    app, asked = app_of(request), list_request(request, path_id(request, "user_id"))
    n = length_of(request, asked)

    def compose() -> Awaitable[bytes]:
        return _user_feed_json(app, asked, n, record_repeats=False)

    return await stream_events(request, asked.user_id, compose, tells_removals=True)


def _trending_composer(request: web.Request) -> ComposeData:
    """A function that makes the trending feed for the parameters of the request."""
    app, n = app_of(request), n_param(request)
    if not {"window", "tag"} & request.query.keys():
        return lambda: _trending_json(app, n)
    window, tag = window_param(request), tag_param(request)
    return lambda: _windowed_trending_json(app, window, tag, n)


async def _windowed_trending_json(app: RecoMindApp, window: str, tag: str, n: int) -> bytes:
    trending = await trending_in_window(app, window, tag, n)
    meta = ListMeta(app.ranking_cache.now, {}, 0)
    evidence = await _load_evidence(app, Profile(), [video.video_id for video in trending])
    trending = _listed(app, trending)
    composed = _feed("", "cache", meta, trending, evidence)
    trends = ((Reason("trending", "popularity", 1.0, describe_trend(video, window)),) for video in trending)
    videos = tuple(replace(video, reasons=trend) for video, trend in zip(composed.videos, trends, strict=True))
    return msgspec.json.encode(replace(composed, videos=videos))


async def _trending_json(app: RecoMindApp, n: int) -> bytes:
    stored, source = await popular_videos(app, n)
    videos = msgspec.json.decode(stored, type=list[VideoSummary])
    ids = [video.video_id for video in videos]
    meta = ListMeta(app.ranking_cache.now, {}, 0, {video_id: {"trending": 1.0} for video_id in ids})
    evidence = await _load_evidence(app, Profile(), ids)
    return msgspec.json.encode(_feed("", source, meta, _listed(app, videos), evidence))


async def _user_feed_json(
    app: RecoMindApp, asked: ListRequest, n: int, excluded: Sequence[str] = (), *, record_repeats: bool = True
) -> bytes:
    user_list = await without_excluded(app, asked, n, await load_or_rank_list(app, asked, n), excluded)
    composed, user_list = await _explained(app, asked, n, user_list)
    app.served_lists.record(asked, n, app.ranking_cache.now, user_list.served, repeats=record_repeats)
    is_end = await is_all_seen(app, asked, n, user_list, excluded)
    return msgspec.json.encode(replace(composed, end=is_end))


async def _explained(app: RecoMindApp, asked: ListRequest, n: int, user_list: UserList) -> tuple[Feed, UserList]:
    """A user's list with the reasons for each video, and the part of it that may be shown."""
    profile, _ = await load_profile_or_empty(app, asked.user_id)
    evidence = await _load_evidence(app, profile, ids_in(user_list.served.videos)[:n])
    served = app.ranking_cache.listed_part(user_list.served, n, asked).served  # some may not be shown any more
    videos = msgspec.json.decode(served.videos, type=list[VideoSummary])[:n]
    shown = UserList(served, user_list.source)
    return _feed(asked.user_id, user_list.source, served.meta, videos, evidence), shown


def _listed(app: RecoMindApp, videos: Sequence[Summary]) -> list[Summary]:
    """Videos without those that were taken down meanwhile."""
    cache = app.ranking_cache
    if not cache.loader.catalogue.has_catalogue:
        return list(videos)
    permitted = set(cache.permitted([video.video_id for video in videos], ANYBODY))
    return [video for video in videos if video.video_id in permitted]


async def _load_evidence(app: RecoMindApp, profile: Profile, video_ids: Sequence[str]) -> Evidence:
    """Load what explains the videos; without neighbours and counts while Redis is unavailable."""
    seeds = [liked.video_id for liked in profile.likes[-MAX_SEEDS:]]
    try:
        neighbours, popularity = await app.read_model.neighbours(seeds), await app.read_model.popularity(video_ids)
    except UnavailableError:
        neighbours, popularity = {}, {}
    return Evidence(profile, app.ranking_cache.index, neighbours, popularity, app.ranking_cache.now)


def _feed(user_id: str, source: str, meta: ListMeta, videos: Sequence[VideoSummary], evidence: Evidence) -> Feed:
    profile = evidence.profile
    return Feed(
        user_id,
        source,
        meta.as_of,
        {str(partition): offset for partition, offset in meta.applied_offsets.items()},
        meta.version,
        tuple(tag for tag, _ in tags.top_tags(profile, evidence.catalogue, MAX_TOP_TAGS)),
        profile.like_count,
        profile.view_count,
        profile.skip_count,
        tuple(_feed_video(video, meta, evidence) for video in videos),
        meta.list_id,
    )


def _feed_video(video: VideoSummary, meta: ListMeta, evidence: Evidence) -> FeedVideo:
    video_id = video.video_id
    known_counts = counts(evidence.popularity.get(video_id) or Popularity(), evidence.now)
    explained: tuple[Reason, ...] = CONTROL_REASONS
    if not meta.is_control:
        explained = reasons(evidence, video_id, meta.sources.get(video_id, {}))
        explained += local_reason(evidence.catalogue, video_id, local_of_key(meta.policy_key))
    entry = video_of(evidence, video_id) or Video(video_id=VideoId(video_id))
    details = entry.creator_id, entry.duration_ms, entry.thumbnail_url
    return FeedVideo(video_id, video.title, video.url, video.tags, explained, known_counts, *details)
