"""`GET /explain/{user_id}/{video_id}`: the strategies and sources behind a recommendation, or why there is none."""

import msgspec
from aiohttp import web

from recomind.app import RecoMindApp
from recomind.candidates.sources import STRATEGIES
from recomind.state.popularity import Counts, Popularity, window
from recomind.state.profile import Profile, video_hash
from web.recommendations import profile_of
from web.requests import app_of, id_of, json

WINDOWS = {"1h": 3600.0, "24h": 86_400.0, "7d": 604_800.0}


class Explanation(msgspec.Struct, frozen=True):
    """Why a person is shown a video, or is not."""

    user_id: str
    video_id: str
    listed: bool
    """Whether it is in the person's list."""
    reason: str
    strategies: dict[str, list[str]]
    """Strategy to the sources of it that proposed the video."""
    sources: dict[str, float]
    """Source to how strongly it proposed the video, 1 for its best candidate."""
    tags_in_common: list[str]
    popularity: dict[str, Counts]
    """Window to likes, views and skips."""


async def explain(request: web.Request) -> web.Response:
    """Why the person is shown the video, or is not."""
    app, user_id, video_id = app_of(request), id_of(request, "user_id"), id_of(request, "video_id")
    found = await app.read_model.list_of(user_id)
    sources = found[1].sources.get(video_id, {}) if found else {}
    person = await profile_of(app, user_id)
    popularity = (await app.read_model.popularity([video_id])).get(video_id) or Popularity()
    strategies = {name: sorted(sources.keys() & set(members)) for name, members in STRATEGIES.items()}
    answer = Explanation(
        user_id,
        video_id,
        bool(sources),
        _reason(app, person, video_id, bool(sources)),
        {name: members for name, members in strategies.items() if members},
        sources,
        _tags_in_common(app, person, video_id),
        {name: window(popularity, seconds, app.replica.now) for name, seconds in WINDOWS.items()},
    )
    return json(msgspec.json.encode(answer))


def _reason(app: RecoMindApp, person: Profile, video_id: str, listed: bool) -> str:
    index = app.replica.index
    if video_hash(video_id).to_bytes(4, "little") in {person.seen[at : at + 4] for at in range(0, len(person.seen), 4)}:
        return "seen: the person has acted on it"
    if index.rows.get(video_id) not in index.videos:
        return "unknown: it is not in the catalogue"
    return (
        "listed: the sources below proposed it" if listed else "outranked: others came before it, or no source found it"
    )


def _tags_in_common(app: RecoMindApp, person: Profile, video_id: str) -> list[str]:
    """Tags of the video that videos the person liked carry, too."""
    videos = app.replica.index.videos
    rows = (app.replica.index.rows.get(liked.video_id) for liked in person.likes)
    liked = {tag for row in rows if row in videos for tag in videos[row].tags}
    video = videos.get(app.replica.index.rows.get(video_id, -1))
    return [tag for tag in video.tags if tag in liked] if video else []
