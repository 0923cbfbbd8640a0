"""Where a video ranks for a user: each feature's contribution to its score, and what ranks before it.

Contributions are measured on the blend as a black box: a feature's contribution is the candidate's score minus its
score with an average value of that feature. For a linear blend they add up to the lead over an average candidate.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.model.responses import FeatureContribution
from recomind.recommender.blend.model import SEGMENT_BOUNDS, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import FEATURE_NAMES, Ranked, slate_of
from recomind.state.profile import Profile, has_seen

LISTED: Final = "listed"
SEEN: Final = "seen"
UNKNOWN: Final = "unknown"
HIDDEN: Final = "hidden"
NOT_PROPOSED: Final = "not proposed"
CROWDED_OUT: Final = "crowded out"
CAPPED: Final = "capped"
OUTRANKED: Final = "outranked"


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
    """For a capped video: the listed videos of the same creator."""


def rank_position(ranked: Ranked, index: VideoIndex, weights: Weights, video_id: str, n: int) -> RankPosition:
    """Where a video ranks for the user of `ranked`, in a list of `n`."""
    row, profile = index.rows.get(video_id, -1), ranked.profile
    if has_seen(profile, video_id):
        return RankPosition(SEEN, f"seen: {_seen_by(profile, video_id)}", len(ranked.rows))
    if row not in index.videos:
        return RankPosition(UNKNOWN, "unknown: it is not in the catalogue")
    if not index.columns.listed[row]:
        return RankPosition(HIDDEN, "hidden: it is taken down, or has expired")
    position = ranked.position_of(row)
    if position is None:
        return _of_non_candidate(ranked, index, row)
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
    ahead = _of_same_creator(index, listed, video_id) if rank <= n else ()
    verdict, reason = _verdict(video_id, listed, rank, len(ranked.rows), ahead)
    return RankPosition(
        verdict,
        reason,
        len(ranked.rows),
        rank,
        float(scores[position]),
        min((pick.score for pick in slate.picks), default=None),
        _contributions(ranked, weights, position),
        ahead if verdict == CAPPED else (),
    )


def _verdict(video_id: str, listed: list[str], rank: int, candidates: int, ahead: tuple[str, ...]) -> tuple[str, str]:
    if video_id in listed:
        return LISTED, f"listed: place {listed.index(video_id) + 1} of {len(listed)}"
    if ahead:
        return CAPPED, f"capped: {len(ahead)} of the same creator come before it"
    return OUTRANKED, f"outranked: {rank - 1} of {candidates} candidates score more"


def _of_non_candidate(ranked: Ranked, index: VideoIndex, row: int) -> RankPosition:
    user = user_context_of(ranked.profile, index, ranked.now)
    by = [name for name, propose in SOURCES.items() if row in propose(user, index).rows]
    if by:
        reason = f"outranked: {', '.join(by)} found it, too weakly to be ranked"
        return RankPosition(CROWDED_OUT, reason, len(ranked.rows))
    return RankPosition(NOT_PROPOSED, "outranked: no source found it", len(ranked.rows))


def _contributions(ranked: Ranked, weights: Weights, position: int) -> tuple[FeatureContribution, ...]:
    values, averages = ranked.features[position], ranked.features.mean(axis=0)
    averaged, increased = np.tile(values, (len(values), 1)), np.tile(values, (len(values), 1))
    np.fill_diagonal(averaged, averages)
    np.fill_diagonal(increased, values + 1)

    def score(candidates: Floats) -> Floats:
        return weights.outcomes.mean[0] * ranked._replace(features=candidates).blend_scores(weights)

    own = score(values[None, :])[0]
    columns = zip(FEATURE_NAMES, values, averages, score(increased) - own, own - score(averaged), strict=True)
    found = (FeatureContribution(name, *(round(float(number), 4) for number in numbers)) for name, *numbers in columns)
    return tuple(sorted(found, key=lambda one: -abs(one.contribution)))


def _of_same_creator(index: VideoIndex, listed: list[str], video_id: str) -> tuple[str, ...]:
    creator = index.creators.get(index.rows[video_id])
    return tuple(other for other in listed if creator and index.creators.get(index.rows[other]) == creator)


def _seen_by(profile: Profile, video_id: str) -> str:
    if any(liked.video_id == video_id for liked in profile.likes):
        return "the user liked it"
    done = [reaction.action_type for reaction in profile.reactions if reaction.video_id == video_id]
    return {"view": "the user watched it", "skip": "the user skipped it"}.get(
        done[-1] if done else "", "the user has acted on it"
    )
