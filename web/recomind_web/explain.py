"""`GET /explain/{user_id}/{video_id}`: why a person is shown a video, or is not.

Strategies, sources, what the blend made of them, and the person's actions behind it; for a video that is not
listed, whether it was seen, capped, or outranked.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.responses import Blend, Explanation
from recomind.recommender.candidates.registry import SOURCES, STRATEGIES
from recomind.recommender.candidates.types import SEEDS
from recomind.recommender.explain.evidence import Evidence, actions_behind, counts, people_behind, shared_tags
from recomind.recommender.explain.position import LISTED, Standing, segment_of, standing
from recomind.recommender.explain.reasons import reasons
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import Ranked, rank
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind_web.recommendations import archived_profile, profile_of
from recomind_web.requests import app_of, id_of, json


async def explain(request: web.Request) -> web.Response:
    """Why the person is shown the video, or is not."""
    app, user_id, video_id = app_of(request), id_of(request, "user_id"), id_of(request, "video_id")
    try:
        stored = await app.read_model.list_of(user_id)
        person = await profile_of(app, user_id)
        await app.replica.load([person])
    except UnavailableError:
        stored, person = None, await archived_profile(app, user_id)
    listed = None if stored is None else stored.meta.sources
    answer = _explanation(app, user_id, video_id, listed, await _evidence(app, person, video_id))
    return json(msgspec.json.encode(answer))


def _explanation(
    app: RecoMindApp, user_id: str, video_id: str, listed: Mapping[str, Mapping[str, float]] | None, evidence: Evidence
) -> Explanation:
    index, weights, size = app.replica.index, app.replica.weights, app.options.slate_size
    ranked = rank(evidence.profile, index, evidence.now)
    found = standing(ranked, index, weights, video_id, size)
    is_listed = found.verdict == LISTED if listed is None else video_id in listed
    sources = (listed or {}).get(video_id) or _proposed(ranked, index, video_id)
    strategies = {name: sorted(sources.keys() & set(members)) for name, members in STRATEGIES.items()}
    return Explanation(
        user_id,
        video_id,
        is_listed,
        LISTED if is_listed else found.verdict,
        _reason(found, is_listed, list(listed or ()), video_id),
        {name: members for name, members in strategies.items() if members},
        dict(sources),
        reasons(evidence, video_id, sources),
        shared_tags(evidence, video_id),
        people_behind(evidence, video_id),
        counts(evidence.popularity.get(video_id) or Popularity(), evidence.now),
        actions_behind(evidence, video_id),
        _blend(found, weights.version, len(evidence.profile.likes)),
        found.ahead,
    )


def _proposed(ranked: Ranked, index: VideoIndex, video_id: str) -> dict[str, float]:
    """Which sources propose the video now, and how strongly."""
    where = np.flatnonzero(ranked.rows == index.rows.get(video_id, -1))
    shares = ranked.scores[:, where[0]].tolist() if len(where) else ()
    return {name: round(share, 4) for name, share in zip(SOURCES, shares, strict=False) if share}


def _reason(found: Standing, listed: bool, videos: list[str], video_id: str) -> str:
    """The verdict in words: of the stored list where that has the video, whatever has changed since."""
    if listed and video_id in videos:
        return f"listed: place {videos.index(video_id) + 1} of {len(videos)}"
    if found.verdict == LISTED and not listed:
        return f"outranked: not in the stored list; in one made now it would be {found.reason}"
    return found.reason


def _blend(found: Standing, version: int, likes: int) -> Blend:
    return Blend(version, segment_of(likes), found.candidates, found.rank, found.score, found.needed, found.features)


async def _evidence(app: RecoMindApp, person: Profile, video_id: str) -> Evidence:
    """What reasons are drawn from; without company and counts while Redis is away."""
    seeds = [liked.video_id for liked in person.likes[-SEEDS:]]
    try:
        neighbours = await app.read_model.neighbours([*seeds, video_id])
        popularity = await app.read_model.popularity([video_id])
    except UnavailableError:
        neighbours, popularity = {}, {}
    return Evidence(person, app.replica.index, neighbours, popularity, app.replica.now)
