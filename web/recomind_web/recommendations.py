"""Recommend videos to a user: the list stored in Redis, or one ranked for the request if there is none.

While Redis is unavailable, the list is ranked from the profile that PostgreSQL holds; while that is unavailable too,
from an empty profile. A list that was ranked without all data is not stored.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import Final, NamedTuple

from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.catalogue import count_summaries
from recomind.recommender.policy.local_lists import list_key
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.app import RecoMindApp
from recomind.state.profile import Profile
from recomind.stores.list_search import drop_lists
from recomind.stores.read_model import StoredUser
from recomind.stores.stored_lists import ServedList, ids_in, with_places
from recomind_web.headers import (
    AFTER_HEADER,
    AS_OF_HEADER,
    END_HEADER,
    LAG_HEADER,
    LIST_HEADER,
    RANKER_HEADER,
    SOURCE_HEADER,
)
from recomind_web.list_requests import arms_header, length_of, list_request
from recomind_web.rankers import preview, ranker_param
from recomind_web.read_your_writes import after_param, wait_until_counted
from recomind_web.request_parsing import app_of, exclude_param, json_response, path_id
from recomind_web.unseen import fingerprints_of, has_unseen, profile_as_if_seen, rank_unseen
from recomind_web.user_profiles import complete_profile, has_acted, profile_from_archive

logger = get_logger(__name__)

MAX_LIST_AGE_S: Final = 600.0
"""Age in event time, in seconds, from which a stored list is ranked again. Redis has deleted it by then where events
arrive as they happen; in a replay, event time passes faster."""


class UserList(NamedTuple):
    """A user's list and where it came from."""

    served: ServedList
    source: str
    """`cache` (stored in Redis), `cold` (ranked for this request) or `archive` (Redis is unavailable)."""


async def recommendations(request: web.Request) -> web.Response:
    """Top videos for a user, best first.

    With `after`, the response waits until the list reflects the action that the token names, up to 1 second. If fewer
    than `n` videos are listed because the user has seen all others, `X-RecoMind-End` says so.

    With `ranker`, for keys with the scope `admin`, the list is what that ranker, or single source, would give the user
    now. It is ranked for the request, and counts as served to nobody.
    """
    app, user_id, after = app_of(request), path_id(request, "user_id"), after_param(request)
    asked, excluded, ranker = list_request(request, user_id), exclude_param(request), ranker_param(request)
    n = length_of(request, asked)
    counted = None if after is None else await wait_until_counted(app, user_id, after)
    headers = {} if after is None else {AFTER_HEADER: "counted" if counted else "pending"}
    if ranker:
        return await _previewed(app, asked, n, excluded, ranker, headers)
    user_list = await (_list_or_rank(app, asked, n, counted.served) if counted else load_or_rank_list(app, asked, n))
    user_list = await without_excluded(app, asked, n, user_list, excluded)
    app.served_lists.record(asked, n, app.ranking_cache.now, user_list.served)
    app.metrics.lists_served.labels(user_list.source).inc()
    if count_summaries(user_list.served.videos) < n and await is_all_seen(app, asked, n, user_list, excluded):
        headers[END_HEADER] = "true"
    headers |= arms_header(app, asked)
    return _list_response(user_list, app.ranking_cache.now, headers)


async def _previewed(
    app: RecoMindApp, asked: ListRequest, n: int, excluded: Collection[str], ranker: str, headers: dict[str, str]
) -> web.Response:
    """What a ranker would give a user."""
    profile = await profile_as_if_seen(app, asked.user_id, fingerprints_of(excluded))
    found = await preview(app, asked, profile, ranker, n)
    headers |= {RANKER_HEADER: found.ranker, SOURCE_HEADER: "cold"}
    headers |= {AS_OF_HEADER: f"{app.ranking_cache.now:.3f}", LAG_HEADER: "0.000"}
    return json_response(found.videos, headers=headers)


async def load_or_rank_list(app: RecoMindApp, asked: ListRequest, n: int) -> UserList:
    """Load the user's list from Redis, or rank one if Redis has none or is unavailable.

    Videos that were taken down, or may not be shown to the user, are left out at the last moment. If fewer than `n` are
    left, the list is ranked. A list of a scenario or with a filter is ranked for the request.
    """
    cache = app.ranking_cache
    if not asked.is_stored:
        return await _list_or_rank(app, asked, n, None)
    try:
        found = await app.read_model.list_of(asked.user_id)
    except UnavailableError:
        return UserList(cache.listed_part(await _rank_list(app, asked), n, asked).served, "archive")
    return await _list_or_rank(app, asked, n, found)


async def _list_or_rank(app: RecoMindApp, asked: ListRequest, n: int, found: ServedList | None) -> UserList:
    """As `load_or_rank_list`, of a stored list; one that is too old in event time or does not suit is ranked, too."""
    cache, user_id = app.ranking_cache, asked.user_id
    if not asked.is_stored:
        profile = await profile_as_if_seen(app, user_id, b"")
        return UserList(cache.listed_part(await rank_unseen(app, asked, profile, n), n, asked).served, "cold")
    if found is not None and cache.now - found.as_of <= MAX_LIST_AGE_S:
        part = cache.listed_part(found, n, asked)
        if cache.suits(found, asked) and (part.size >= n or not part.has_removed):
            return UserList(part.served, "cache")
        with suppress(UnavailableError):
            await drop_lists(app.read_model.store, [user_id])
    return UserList(cache.listed_part(await _rank_list(app, asked), n, asked).served, "cold")


async def without_excluded(
    app: RecoMindApp, asked: ListRequest, n: int, found: UserList, excluded: Collection[str]
) -> UserList:
    """A user's list without some videos; if fewer than `n` are left, one that is ranked without them."""
    if not excluded:
        return found
    cache, ids = app.ranking_cache, found.served.shown_meta.video_ids or ids_in(found.served.videos)
    places = [place for place, video_id in enumerate(ids) if video_id not in excluded]
    if len(places) >= n:
        part = with_places(found.served, cache.summaries_json(ids[place] for place in places), places)
        return UserList(cache.listed_part(part, n, asked).served, found.source)
    profile = await profile_as_if_seen(app, asked.user_id, fingerprints_of(excluded))
    return UserList(cache.listed_part(await rank_unseen(app, asked, profile, n), n, asked).served, "cold")


async def is_all_seen(app: RecoMindApp, asked: ListRequest, n: int, shown: UserList, excluded: Collection[str]) -> bool:
    """Whether a list has fewer than `n` videos because the user has seen all others that are not excluded."""
    ids = ids_in(shown.served.videos)
    if len(ids) >= n:
        return False
    return not has_unseen(app, asked, await profile_as_if_seen(app, asked.user_id, fingerprints_of(excluded)), ids)


async def _rank_list(app: RecoMindApp, asked: ListRequest) -> ServedList:
    """Rank a list and store it, unless another one has been stored meanwhile.

    The list is not stored if the profile is another one by now, if the user has been erased since it was written, or if
    the list is empty. For a user who has never acted nothing is stored: they get the list that all such users share, or
    a random one if they belong to the control group.
    """
    cache, n, user_id = app.ranking_cache, app.options.slate_size, asked.user_id
    stored, (loaded, is_complete) = await _load_stored(app, user_id)
    if not has_acted(loaded) and not cache.is_control(user_id):
        return await _list_of_new_users(app, asked)
    try:
        loaded = await complete_profile(app, user_id, loaded)
    except UnavailableError:
        is_complete = False
    with suppress(UnavailableError):
        await cache.loader.load([loaded])
    is_control, removals, policy = cache.is_control(user_id), cache.loader.catalogue.removals, cache.policy(asked)
    if is_control:
        ranked = cache.control_list(user_id, loaded, n, policy)
    else:
        ranked = cache.list_for(loaded, n, policy, cache.local_of(asked, loaded))
    if stored is None or not is_complete or not has_acted(loaded):
        return ranked.as_served
    if loaded.erasure_offset >= int(stored.erasure_offset or b"-1"):
        with suppress(UnavailableError):
            await app.read_model.put_list_if_absent(user_id, ranked, stored.encoded, stored.erasure_offset)
            if cache.loader.catalogue.removals != removals and cache.listed_part(ranked.as_served).has_removed:
                await drop_lists(app.read_model.store, [user_id])
    return ranked.as_served


async def _load_stored(app: RecoMindApp, user_id: str) -> tuple[StoredUser | None, tuple[Profile, bool]]:
    """The user as Redis has them, None while it is away; and the profile, as `load_profile_or_empty`."""
    try:
        stored = await app.read_model.stored_user(user_id)
    except UnavailableError:
        stored = None
    if stored is not None and stored.profile is not None:
        return stored, (stored.profile, True)
    try:
        return stored, (await profile_from_archive(app, user_id), True)
    except UnavailableError:
        return stored, (Profile(), False)


async def _list_of_new_users(app: RecoMindApp, asked: ListRequest) -> ServedList:
    """The list of all users who have never acted and have one policy, in memory for `RECOMIND_READ_MODEL_TTL`."""
    cache = app.ranking_cache
    local = cache.local_of(asked, Profile())
    if cache.new_user_lists.get(list_key(cache.policy_key(asked.user_id), local)) is None:
        with suppress(UnavailableError):
            await cache.loader.load([Profile()])
    policy = cache.policy(asked)
    is_personal = policy is not None and policy.eligibility is not None and bool(policy.eligibility.personal)
    if is_personal or (policy is not None and policy.rival is not None):
        return cache.list_for(Profile(), app.options.slate_size, policy, local).as_served
    return cache.list_of_new_users(app.options.slate_size, app.options.read_model_ttl, policy, local).as_served


def _list_response(user_list: UserList, now: float, headers: dict[str, str]) -> web.Response:
    as_of, list_id = user_list.served.as_of, user_list.served.list_id
    headers |= {
        SOURCE_HEADER: user_list.source,
        AS_OF_HEADER: f"{as_of:.3f}",
        LAG_HEADER: f"{max(0.0, now - as_of):.3f}",
    }
    if list_id:  # a list that an earlier version has stored has none
        headers[LIST_HEADER] = list_id
    return json_response(user_list.served.videos, headers=headers)
