"""Explain why a video is in a user's list, or why it is not.

The explanation has the strategies and sources that proposed the video, the features and score of the blend, and the
user's actions that contributed. If the video is not listed, it says whether it was seen, capped or outranked.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.experiments.book import named
from recomind.model.responses import BlendExplanation, Explanation
from recomind.recommender.candidates.registry import STRATEGIES
from recomind.recommender.candidates.types import MAX_SEEDS
from recomind.recommender.explain.evidence import (
    Evidence,
    contributing_actions,
    count_similar_likers,
    counts,
    shared_tags,
)
from recomind.recommender.explain.local_reasons import local_reason
from recomind.recommender.explain.position import (
    FILTERED,
    LISTED,
    SEEN,
    UNKNOWN,
    RankPosition,
    rank_position,
    segment_of,
)
from recomind.recommender.explain.reasons import reasons
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import ListRequest, Policy
from recomind.recommender.ranked import Ranked
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind_web.feed import CONTROL_REASONS
from recomind_web.list_requests import list_request
from recomind_web.request_parsing import app_of, json_response, path_id, refuse_params
from recomind_web.user_profiles import complete_profile, load_profile, profile_from_archive

NOT_DRAWN: Final = "not drawn"
"""The verdict on a video that a random list does not hold."""

CONTROL_TEXT: Final = "the user belongs to the control group, whose lists are random"


async def explain(request: web.Request) -> web.Response:
    """Why a video is in a user's list, or why it is not."""
    refuse_params(request, "ranker")
    app, user_id, video_id = app_of(request), path_id(request, "user_id"), path_id(request, "video_id")
    asked = list_request(request, user_id)
    try:
        stored = await app.read_model.list_of(user_id)
        profile = await complete_profile(app, user_id, await load_profile(app, user_id))
        await app.ranking_cache.loader.load([profile])
    except UnavailableError:
        stored, profile = None, await profile_from_archive(app, user_id)
    cache = app.ranking_cache
    if stored is not None and not (asked.is_stored and cache.suits(stored, asked)):
        stored = None  # it is not the list that is asked for, or is ranked again when it is asked for
    if stored is None and cache.is_control(user_id):
        stored = cache.control_list(user_id, profile, app.options.slate_size, cache.policy(asked)).as_served
    listed = None if stored is None else stored.meta.sources
    explanation = _explanation(app, asked, video_id, listed, await _load_evidence(app, profile, video_id))
    if cache.is_control(user_id):
        explanation = _of_control_user(explanation)
    explanation = msgspec.structs.replace(explanation, arms=dict(named(cache.arms(asked))))
    return json_response(msgspec.json.encode(explanation))


def _of_control_user(explanation: Explanation) -> Explanation:
    """The explanation for a user of the control group: no source and no score decides what a random list holds."""
    verdict, reason = explanation.verdict, explanation.reason
    if explanation.listed:
        reason = f"{reason}; {CONTROL_TEXT}"
    elif verdict not in {SEEN, UNKNOWN, FILTERED}:
        verdict, reason = NOT_DRAWN, f"{NOT_DRAWN}: {CONTROL_TEXT}"
    return msgspec.structs.replace(
        explanation,
        verdict=verdict,
        reason=reason,
        strategies={},
        sources={},
        reasons=CONTROL_REASONS if explanation.listed else (),
        control=True,
    )


def _explanation(
    app: RecoMindApp,
    asked: ListRequest,
    video_id: str,
    listed: Mapping[str, Mapping[str, float]] | None,
    evidence: Evidence,
) -> Explanation:
    """Explain a video by the stored list, `listed` (video id to its sources), and by a list ranked now."""
    index, policy, size = app.ranking_cache.index, app.ranking_cache.policy(asked), app.options.slate_size
    local, weights = app.ranking_cache.local_of(asked, evidence.profile), app.ranking_cache.weights_of(policy)
    with app.ranking_cache.extensions.noting() as faults:
        ranked = app.ranking_cache.rank(evidence.profile, policy, local)
        position = rank_position(ranked, index, weights, video_id, size)
    is_listed = position.verdict == LISTED if listed is None else video_id in listed and position.verdict != FILTERED
    sources = (listed or {}).get(video_id) or _sources_now(ranked, index, video_id)
    strategies = {name: sorted(sources.keys() & set(members)) for name, members in STRATEGIES.items()}
    return Explanation(
        asked.user_id,
        video_id,
        is_listed,
        LISTED if is_listed else position.verdict,
        _verdict_text(position, is_listed, list(listed or ()), video_id),
        {name: members for name, members in strategies.items() if members},
        dict(sources),
        reasons(evidence, video_id, sources) + local_reason(index, video_id, local),
        shared_tags(evidence, video_id),
        count_similar_likers(evidence, video_id),
        counts(evidence.popularity.get(video_id) or Popularity(), evidence.now),
        contributing_actions(evidence, video_id),
        _blend_explanation(position, weights.version, len(evidence.profile.likes)),
        position.ahead,
        left_out=(
            *dict.fromkeys(f"{fault.kind} {fault.name}: {fault.detail}" for fault in faults),
            *_sources_left_out(policy, app.ranking_cache.extensions),
        ),
    )


def _sources_left_out(policy: Policy | None, extensions: Extensions) -> tuple[str, ...]:
    """The sources that scenario and arms name, if the ranker has sources of its own: these propose alone."""
    if policy is None or policy.sources is None or not extensions.has_own_sources(policy.ranker):
        return ()
    return (f"sources {', '.join(sorted(policy.sources))}: the ranker {policy.ranker} has sources of its own",)


def _sources_now(ranked: Ranked, index: VideoIndex, video_id: str) -> dict[str, float]:
    """The sources that propose the video now, with their strength: 1 for a source's best candidate."""
    columns = np.flatnonzero(ranked.rows == index.rows.get(video_id, -1))
    strengths = ranked.scores[:, columns[0]].tolist() if len(columns) else ()
    return {
        name: round(strength, 4) for name, strength in zip(ranked.source_names, strengths, strict=False) if strength
    }


def _verdict_text(position: RankPosition, is_listed: bool, stored_ids: list[str], video_id: str) -> str:
    """The verdict in words. If the stored list has the video, its place there, even if the ranking has changed."""
    if is_listed and video_id in stored_ids:
        return "; ".join([f"listed: place {stored_ids.index(video_id) + 1} of {len(stored_ids)}", *position.rules])
    if position.verdict == LISTED and not is_listed:
        return f"outranked: not in the stored list; in a list ranked now it would be {position.reason}"
    return "; ".join([position.reason, *position.rules])


def _blend_explanation(position: RankPosition, version: int, likes: int) -> BlendExplanation:
    return BlendExplanation(
        version,
        segment_of(likes),
        position.candidates,
        position.rank,
        position.score,
        position.needed,
        position.features,
    )


async def _load_evidence(app: RecoMindApp, profile: Profile, video_id: str) -> Evidence:
    """Load what explains the video; without neighbours and counts while Redis is unavailable."""
    seeds = [liked.video_id for liked in profile.likes[-MAX_SEEDS:]]
    try:
        neighbours = await app.read_model.neighbours([*seeds, video_id])
        popularity = await app.read_model.popularity([video_id])
    except UnavailableError:
        neighbours, popularity = {}, {}
    return Evidence(profile, app.ranking_cache.index, neighbours, popularity, app.ranking_cache.now)
