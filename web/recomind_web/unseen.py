"""Rank lists that leave out some videos besides those that the user has acted on, and find when all has been seen.

These lists hold for one request and are not stored.
"""

from collections.abc import Iterable
from contextlib import suppress

import msgspec
import numpy as np

from recomind.errors import UnavailableError
from recomind.recommender.extensions.participation import eligibility_with_filters, parts_of
from recomind.recommender.index.seen import listed_unseen
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.app import RecoMindApp
from recomind.state.profile import Profile
from recomind.state.seen_blocks import block_of_videos
from recomind.stores.stored_lists import ServedList
from recomind_web.user_profiles import complete_profile, load_profile_or_empty


def fingerprints_of(video_ids: Iterable[str]) -> bytes:
    """Fingerprints of videos, packed one after the other."""
    return block_of_videos(video_ids).seen


async def profile_as_if_seen(app: RecoMindApp, user_id: str, fingerprints: bytes) -> Profile:
    """A user's complete profile, as if they had acted on some more videos.

    While servers are unavailable, it is what the others know.

    Args:
        app: the worker's.
        user_id: the user.
        fingerprints: of these videos.
    """
    loaded, _ = await load_profile_or_empty(app, user_id)
    with suppress(UnavailableError):
        loaded = await complete_profile(app, user_id, loaded)
    return msgspec.structs.replace(loaded, seen=loaded.seen + fingerprints)


async def rank_unseen(app: RecoMindApp, asked: ListRequest, profile: Profile, n: int) -> ServedList:
    """Rank the `n` best videos for a user that are not among those seen in `profile`."""
    cache, user_id = app.ranking_cache, asked.user_id
    with suppress(UnavailableError):
        await cache.loader.load([profile])
    is_control, policy = cache.is_control(user_id), cache.policy(asked)
    if is_control:
        return cache.control_list(user_id, profile, n, policy).as_served
    return cache.list_for(profile, n, policy, cache.local_of(asked, profile)).as_served


def has_unseen(app: RecoMindApp, asked: ListRequest, profile: Profile, shown: Iterable[str]) -> bool:
    """Whether the catalogue has a video that the list may hold, that is not seen in `profile`, and not in `shown`.

    Filter extensions count, as in the list: they are asked until one video is permitted. True also while the worker
    does not know the catalogue.
    """
    cache = app.ranking_cache
    if not cache.loader.catalogue.has_catalogue:
        return True
    now, policy, local = max(cache.now, profile.last_at), cache.policy(asked), cache.local_of(asked, profile)
    eligibility = eligibility_with_filters(cache.extensions, profile, cache.index, now, policy, local)
    every = np.arange(cache.index.size)
    rows = listed_unseen(cache.index.columns, every, profile.seen + fingerprints_of(shown))
    if eligibility is None:
        return len(rows) > 0
    return any(eligibility.of(part).any() for part in parts_of(rows))
