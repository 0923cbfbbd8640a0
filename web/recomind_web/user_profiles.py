"""Load a user's profile for a request: from Redis, or from PostgreSQL if Redis does not have it."""

from typing import Final

import msgspec

from recomind.errors import UnavailableError
from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset
from recomind.runtime.app import RecoMindApp
from recomind.state import profile_fold
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_LIKES, MAX_REACTIONS
from recomind.state.seen_blocks import complete

MAX_ARCHIVED_ACTIONS: Final = MAX_LIKES + MAX_REACTIONS
"""The number of a user's latest actions that are read from the archive to make a profile."""


async def load_profile(app: RecoMindApp, user_id: str) -> Profile:
    """Load a user's profile from the read model, else fold it from the archive; an empty one for a new user.

    Raises:
        UnavailableError: the read model does not have it, and the archive is unavailable.
    """
    try:
        profiles = await app.read_model.profiles([user_id])
    except UnavailableError:
        profiles = {}
    return profiles.get(user_id) or await profile_from_archive(app, user_id)


async def load_profile_or_empty(app: RecoMindApp, user_id: str) -> tuple[Profile, bool]:
    """Load a user's profile and return it with True; an empty one and False if no server can be asked."""
    try:
        return await load_profile(app, user_id), True
    except UnavailableError:
        return Profile(), False


async def complete_profile(app: RecoMindApp, user_id: str, loaded: Profile) -> Profile:
    """The profile with all videos acted on, for ranking.

    Raises:
        UnavailableError: the read model does not have all of them, and the archive is unavailable.
    """
    return (await app.ranking_cache.completer.complete({user_id: loaded}))[user_id]


async def profile_from_archive(app: RecoMindApp, user_id: str) -> Profile:
    """Fold a profile from the user's latest actions in the archive; it is complete, and has no applied offsets."""
    folded = Profile()
    for number, action in enumerate(await app.archive.recent_actions(user_id, MAX_ARCHIVED_ACTIONS)):
        folded, _ = profile_fold.fold(folded, SourceOffset(0, Offset(number)), action)
    if folded.last_at:
        folded = complete(folded, [await app.ranking_cache.completer.archived(user_id)])
    return msgspec.structs.replace(folded, applied_offsets={})


def has_acted(loaded: Profile) -> bool:
    """Whether a profile holds any action."""
    return loaded.action_count > 0
