"""Where a video ranks for a user: what makes up its score, and what ranks before it."""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.model.responses import FeatureContribution
from recomind.model.text import tag_key
from recomind.recommender.blend.model import SEGMENT_BOUNDS, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.diversify import Caps
from recomind.recommender.explain.contributions import contributions
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import slate_of
from recomind.recommender.policy.compiled_rules import CompiledRules
from recomind.recommender.ranked import Ranked
from recomind.recommender.slate import DRAWN_SOURCES, Slate
from recomind.state.profile import Profile, has_seen

LISTED: Final = "listed"
SEEN: Final = "seen"
UNKNOWN: Final = "unknown"
HIDDEN: Final = "hidden"
FILTERED: Final = "filtered"
NOT_PROPOSED: Final = "not proposed"
CROWDED_OUT: Final = "crowded out"
CAPPED: Final = "capped"
OUTRANKED: Final = "outranked"


MOVED: Final = {"boost": "boosted", "bury": "buried"}
"""What a rule of an action has done to a video."""


class RankPosition(NamedTuple):
    """Where a video ranks for a user."""

    verdict: str
    """One of the constants above."""
    reason: str
    """The verdict in words."""
    candidates: int = 0
    """How many were ranked."""
    rank: int | None = None
    """Among the candidates, by score; 1 for the best."""
    score: float | None = None
    needed: float | None = None
    """The lowest score in the list."""
    features: tuple[FeatureContribution, ...] = ()
    """Those with the largest contributions first."""
    ahead: tuple[str, ...] = ()
    """For a capped video: the listed videos of the same creator, or with the same tag."""
    rules: tuple[str, ...] = ()
    """What rules did to the video, in words."""


def rank_position(ranked: Ranked, index: VideoIndex, weights: Weights, video_id: str, n: int) -> RankPosition:
    """Where a video ranks for the user of `ranked`, in a list of `n`."""
    row, profile = index.rows.get(video_id, -1), ranked.profile
    if has_seen(profile, video_id):
        return RankPosition(SEEN, f"seen: {_seen_by(profile, video_id)}", len(ranked.rows))
    if row not in index.videos:
        return RankPosition(UNKNOWN, "unknown: it is not in the catalogue")
    if not index.columns.listed[row]:
        return RankPosition(HIDDEN, "hidden: it is taken down, or has expired")
    eligibility = None if ranked.policy is None else ranked.policy.eligibility
    if eligibility is not None and (reason := eligibility.reason(row)) is not None:
        return RankPosition(FILTERED, reason, len(ranked.rows))
    position = ranked.position_of(row)
    if position is None:
        return _of_non_candidate(ranked, index, weights, row, n)
    return _of_candidate(ranked, index, weights, position, n)


def segment_of(likes: int) -> str:
    """The name of the segment of users with so many remembered likes.

    >>> segment_of(0), segment_of(7), segment_of(48)
    ('no likes', '5 to 14 likes', '40 likes and more')
    """
    bounds = (0, *SEGMENT_BOUNDS)
    low = max(bound for bound in bounds if likes >= bound)
    high = next((bound - 1 for bound in bounds if bound > likes), None)
    return "no likes" if not likes else f"{low} likes and more" if high is None else f"{low} to {high} likes"


def _of_candidate(ranked: Ranked, index: VideoIndex, weights: Weights, position: int, n: int) -> RankPosition:
    scores = ranked.final_scores(weights)
    slate = slate_of(ranked, index, weights, n)
    listed = [pick.video_id for pick in slate.picks]
    rank = 1 + int(np.count_nonzero(scores > scores[position]))
    video_id = index.ids[ranked.rows[position]]
    rules = None if ranked.policy is None else ranked.policy.rules
    is_passed_over = rank <= n or scores[position] > _lowest_chosen(ranked, index, slate, scores)
    capped, ahead = _capped_by(ranked, index, listed, video_id) if is_passed_over else ("", ())
    verdict, reason = _verdict(video_id, listed, rank, len(ranked.rows), capped)
    if rules is not None and verdict != LISTED and (cap := _full_cap(rules, index, video_id, listed)) is not None:
        verdict, reason = CAPPED, cap
    return RankPosition(
        verdict,
        reason,
        len(ranked.rows),
        rank,
        float(scores[position]),
        min((pick.score for pick in slate.picks), default=None),
        contributions(ranked, weights, position),
        ahead if verdict == CAPPED else (),
        () if rules is None else _notes(rules, index, video_id, listed),
    )


def _verdict(video_id: str, listed: list[str], rank: int, candidates: int, capped: str) -> tuple[str, str]:
    if video_id in listed:
        return LISTED, f"listed: place {listed.index(video_id) + 1} of {len(listed)}"
    if capped:
        return CAPPED, capped
    return OUTRANKED, f"outranked: {rank - 1} of {candidates} candidates score more"


def _full_cap(rules: CompiledRules, index: VideoIndex, video_id: str, listed: list[str]) -> str | None:
    """The cap of a rule that has no room for a video, in words; None if there is none."""
    rows = [index.rows[other] for other in listed]
    for number, most in rules.caps_of(index.rows[video_id]):
        if sum(number in dict(rules.caps_of(row)) for row in rows) >= most:
            return f"capped by rule {rules.ids[number]}: at most {most} of a list"
    return None


def _notes(rules: CompiledRules, index: VideoIndex, video_id: str, listed: list[str]) -> tuple[str, ...]:
    """What rules did to a video."""
    row = index.rows[video_id]
    moved = tuple(
        f"{MOVED[rules.rules[number].rule.action]} by rule {rules.ids[number]}" for number in rules.moving(row)
    )
    place = listed.index(video_id) + 1 if video_id in listed else 0
    pinned = (number for at, other, number in rules.pins.T.tolist() if (at, other) == (place, row))
    return (*moved, *(f"pinned by rule {rules.ids[number]}" for number in pinned))


def _of_non_candidate(ranked: Ranked, index: VideoIndex, weights: Weights, row: int, n: int) -> RankPosition:
    if ranked.policy is not None and ranked.policy.rules is not None and row in ranked.policy.rules.pinned:
        listed = [pick.video_id for pick in slate_of(ranked, index, weights, n).picks]
        notes = _notes(ranked.policy.rules, index, index.ids[row], listed)
        if notes:
            place = listed.index(index.ids[row]) + 1
            return RankPosition(LISTED, f"listed: place {place} of {len(listed)}", len(ranked.rows), rules=notes)
    follows = None if ranked.policy is None else ranked.policy.follows
    user = user_context_of(ranked.profile, index, ranked.now, ranked.local, follows)
    by = [name for name, propose in SOURCES.items() if row in propose(user, index).rows]
    if by:
        reason = f"outranked: {', '.join(by)} found it, too weakly to be ranked"
        return RankPosition(CROWDED_OUT, reason, len(ranked.rows))
    return RankPosition(NOT_PROPOSED, "outranked: no source found it", len(ranked.rows))


def _lowest_chosen(ranked: Ranked, index: VideoIndex, slate: Slate, scores: Floats) -> float:
    """The lowest score of a listed candidate that is listed for its score: neither drawn nor pinned."""
    rules, lowest = None if ranked.policy is None else ranked.policy.rules, inf
    for pick in slate.picks:
        row = index.rows[pick.video_id]
        position = ranked.position_of(row)
        if position is not None and pick.sources != DRAWN_SOURCES and (rules is None or row not in rules.pinned):
            lowest = min(lowest, float(scores[position]))
    return lowest


def _capped_by(ranked: Ranked, index: VideoIndex, listed: list[str], video_id: str) -> tuple[str, tuple[str, ...]]:
    """The cap on neighbours that a list without a video has reached, in words, and the listed videos that it counts."""
    caps = (None if ranked.policy is None else ranked.policy.caps) or Caps()
    videos = {other: index.videos[index.rows[other]] for other in listed}
    video = index.videos[index.rows[video_id]]
    if caps.creator is not None and video.creator_id is not None:
        ahead = tuple(other for other, one in videos.items() if one.creator_id == video.creator_id)
        if len(ahead) >= caps.creator:
            return f"capped: {len(ahead)} of the same creator come before it", ahead
    for tag in video.tags if caps.tag is not None else ():
        ahead = tuple(other for other, one in videos.items() if tag_key(tag) in map(tag_key, one.tags))
        if len(ahead) >= (caps.tag or 0):
            return f"capped: {len(ahead)} with the tag {tag} come before it", ahead
    return "", ()


def _seen_by(profile: Profile, video_id: str) -> str:
    if any(liked.video_id == video_id for liked in profile.likes):
        return "the user liked it"
    feedback = [FEEDBACK_TYPES[one.code] for one in profile.feedback if one.video_id == video_id]
    done = [reaction.action_type for reaction in profile.reactions if reaction.video_id == video_id]
    return _ACTED.get((feedback or done or [""])[-1], "the user has acted on it")


_ACTED: Final = {
    "view": "the user watched it",
    "skip": "the user skipped it",
    "dislike": "the user disliked it",
    "not_interested": "the user is not interested in it",
    "share": "the user shared it",
    "comment": "the user commented on it",
    "follow": "the user followed its creator because of it",
    "save": "the user saved it",
    "report": "the user reported it",
}
