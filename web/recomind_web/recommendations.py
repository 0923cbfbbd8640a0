"""`GET /recommendations/{user_id}`: the list at once from Redis; from PostgreSQL when the cache is cold.

While Redis is away it is ranked from what PostgreSQL remembers of the person; while that is away too, as for
somebody new. A list that was made without asking everybody is not stored.
"""

from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.catalogue import first
from recomind.model.signals import Origin
from recomind.runtime.app import RecoMindApp
from recomind.state import profile
from recomind.state.profile import LIKES, REACTIONS, Profile
from recomind.stores.stored_lists import Listed
from recomind_web.after import after_of, counted
from recomind_web.requests import AFTER, AS_OF, LAG, SOURCE, app_of, id_of, json, n_of

logger = get_logger(__name__)

HISTORY: Final = LIKES + REACTIONS
"""How many of a person's latest actions are read from the archive."""


class Served(NamedTuple):
    """A person's list, and where it came from."""

    listed: Listed
    source: str
    """`cache`, `cold` (ranked now) or `archive` (Redis is away)."""


async def recommendations(request: web.Request) -> web.Response:
    """The person's top videos, best first; with `after`, as soon as they count the action that the token stands for."""
    app, user_id, n, after = app_of(request), id_of(request, "user_id"), n_of(request), after_of(request)
    waited = {} if after is None else {AFTER: "counted" if await counted(app, user_id, after) else "pending"}
    served = await list_of(app, user_id)
    app.counters.served.labels(served.source).inc()
    return _answer(served, n, app.replica.now, waited)


async def list_of(app: RecoMindApp, user_id: str) -> Served:
    """The person's list from the nearest place that has one."""
    try:
        found = await app.read_model.list_of(user_id)
    except UnavailableError:
        return Served(await _ranked(app, user_id), "archive")
    if found is not None:
        return Served(found, "cache")
    return Served(await _ranked(app, user_id), "cold")


async def profile_of(app: RecoMindApp, user_id: str) -> Profile:
    """A person's profile: from the read model, else folded from the archive; an empty one for somebody new.

    Raises:
        UnavailableError: it is needed from the archive, and that is away.
    """
    try:
        known = await app.read_model.profiles([user_id])
    except UnavailableError:
        known = {}
    return known.get(user_id) or await archived_profile(app, user_id)


async def profile_at_hand(app: RecoMindApp, user_id: str) -> tuple[Profile, bool]:
    """A person's profile and whether it is all that is known; an empty one while there is no place to ask."""
    try:
        return await profile_of(app, user_id), True
    except UnavailableError:
        return Profile(), False


async def archived_profile(app: RecoMindApp, user_id: str) -> Profile:
    """A person's profile as the same fold makes it from the latest actions in the archive, without origins."""
    folded = Profile()
    for number, action in enumerate(await app.archive.recent_actions(user_id, HISTORY)):
        folded, _ = profile.fold(folded, Origin(0, number), action)
    return msgspec.structs.replace(folded, origins={})


async def _ranked(app: RecoMindApp, user_id: str) -> Listed:
    """Rank now, and store the list for the next time, unless its owner has stored one meanwhile.

    Nothing is stored of what a person did who has been forgotten since.
    """
    forgotten_at, could_ask = await _forgotten_at(app, user_id)
    person, is_known = await profile_at_hand(app, user_id)
    with suppress(UnavailableError):
        await app.replica.load([person])
    stored = app.replica.list_for(person, app.options.slate_size)
    if is_known and could_ask and person.forgotten_at >= int(forgotten_at or b"-1"):
        with suppress(UnavailableError):
            await app.read_model.offer_list(user_id, stored, forgotten_at)
    return stored.listed


async def _forgotten_at(app: RecoMindApp, user_id: str) -> tuple[bytes | None, bool]:
    """Where the person was forgotten, and whether Redis could be asked."""
    try:
        return await app.read_model.forgotten_at(user_id), True
    except UnavailableError:
        return None, False


def _answer(served: Served, n: int, now: float, waited: dict[str, str]) -> web.Response:
    as_of = served.listed.as_of
    headers = {SOURCE: served.source, AS_OF: f"{as_of:.3f}", LAG: f"{max(0.0, now - as_of):.3f}", **waited}
    return json(first(served.listed.videos, n), headers=headers)
