"""`GET /recommendations/{user_id}`: the list at once from Redis; from PostgreSQL when the cache is cold."""

from typing import Final, NamedTuple

from aiohttp import web
from mode.utils.logging import get_logger

from recomind.app import RecoMindApp
from recomind.errors import UnavailableError
from recomind.signals import Origin
from recomind.state import profile
from recomind.state.profile import LIKES, REACTIONS, Profile
from recomind.stores.read_model import ListMeta
from web.requests import AS_OF, DEGRADED, SOURCE, app_of, first, id_of, json, n_of

logger = get_logger(__name__)

HISTORY: Final = LIKES + REACTIONS
"""How many of a person's latest actions are read from the archive."""


class Served(NamedTuple):
    """A person's list, and where it came from."""

    videos: bytes
    """A JSON array."""
    meta: ListMeta
    source: str
    """`cache`, `cold` (ranked now) or `archive` (Redis is away)."""


async def recommendations(request: web.Request) -> web.Response:
    """The person's top videos, best first."""
    app, user_id, n = app_of(request), id_of(request, "user_id"), n_of(request)
    return _answer(await list_of(app, user_id), n)


async def list_of(app: RecoMindApp, user_id: str) -> Served:
    """The person's list from the nearest place that has one."""
    try:
        found = await app.read_model.list_of(user_id)
    except UnavailableError:
        return Served(*await _from_archive(app, user_id), "archive")
    if found is not None:
        return Served(*found, "cache")
    return Served(*await _cold(app, user_id), "cold")


async def profile_of(app: RecoMindApp, user_id: str) -> Profile:
    """A person's profile: from the read model, else folded from the archive; an empty one for somebody new."""
    known = await app.read_model.profiles([user_id])
    return known.get(user_id) or await archived_profile(app, user_id)


async def archived_profile(app: RecoMindApp, user_id: str) -> Profile:
    """A person's profile as the same fold makes it from the latest actions in the archive; its origins are not real."""
    folded = Profile()
    for number, action in enumerate(await app.archive.recent_actions(user_id, HISTORY)):
        folded, _ = profile.fold(folded, Origin(0, number), action)
    return folded


async def _cold(app: RecoMindApp, user_id: str) -> tuple[bytes, ListMeta]:
    """Rank now, and store the list for the next time."""
    person = await profile_of(app, user_id)
    await app.replica.load([person])
    stored = app.replica.list_for(person, app.options.slate_size)
    await app.read_model.put_lists({user_id: stored})
    return stored.videos, stored.meta


async def _from_archive(app: RecoMindApp, user_id: str) -> tuple[bytes, ListMeta]:
    """Rank with the figures at hand while Redis is away."""
    stored = app.replica.list_for(await archived_profile(app, user_id), app.options.slate_size)
    return stored.videos, stored.meta


def _answer(served: Served, n: int) -> web.Response:
    degraded = {DEGRADED: "redis"} if served.source == "archive" else {}
    headers = {SOURCE: served.source, AS_OF: f"{served.meta.as_of:.3f}", **degraded}
    return json(first(served.videos, n), headers=headers)
