"""Where a video stands for a person: its features, what each of them adds to its score, and what comes before it.

The blend is asked, not read: a feature's contribution is the score less the score of the same candidate with an
average value of that feature. For a blend that is linear these add up to the lead over an average candidate.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.model.responses import Feature
from recomind.recommender.blend.model import SEGMENTS, Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.candidates.types import person_of
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import NAMES, Ranked, slate_of
from recomind.state.profile import Profile, has_seen

LISTED: Final = "listed"
SEEN: Final = "seen"
UNKNOWN: Final = "unknown"
NOT_PROPOSED: Final = "not proposed"
CROWDED_OUT: Final = "crowded out"
CAPPED: Final = "capped"
OUTRANKED: Final = "outranked"


class Standing(NamedTuple):
    """Where a video stands."""

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
    features: tuple[Feature, ...] = ()
    """Those that matter most first."""
    ahead: tuple[str, ...] = ()
    """For a capped video: those of the same creator that are listed."""


def standing(ranked: Ranked, index: VideoIndex, weights: Weights, video_id: str, n: int) -> Standing:
    """Where a video stands for a person whose candidates are `ranked`, in a list of `n`."""
    row, profile = index.rows.get(video_id, -1), ranked.profile
    if has_seen(profile, video_id):
        return Standing(SEEN, f"seen: {_seen_by(profile, video_id)}", len(ranked.rows))
    if row not in index.videos:
        return Standing(UNKNOWN, "unknown: it is not in the catalogue")
    at = ranked.place_of(row)
    if at is None:
        return _left_out(ranked, index, row)
    return _ranked(ranked, index, weights, at, n)


def segment_of(likes: int) -> str:
    """The name of the segment whose weights rank people with so many remembered likes.

    >>> segment_of(0), segment_of(7), segment_of(48)
    ('no likes', '5 to 14 likes', '40 likes and more')
    """
    bounds = (0, *SEGMENTS)
    low = max(bound for bound in bounds if likes >= bound)
    high = next((bound - 1 for bound in bounds if bound > likes), None)
    return "no likes" if not likes else f"{low} likes and more" if high is None else f"{low} to {high} likes"


def _ranked(ranked: Ranked, index: VideoIndex, weights: Weights, at: int, n: int) -> Standing:
    scores = ranked.scores_by(weights)
    slate = slate_of(ranked, index, weights, n)
    listed = [pick.video_id for pick in slate.picks]
    rank = 1 + int(np.count_nonzero(scores > scores[at]))
    video_id = index.ids[ranked.rows[at]]
    ahead = _of_creator(index, listed, video_id) if rank <= n else ()
    verdict, reason = _verdict(video_id, listed, rank, len(ranked.rows), ahead)
    return Standing(
        verdict,
        reason,
        len(ranked.rows),
        rank,
        float(scores[at]),
        min((pick.score for pick in slate.picks), default=None),
        _features(ranked, weights, at),
        ahead if verdict == CAPPED else (),
    )


def _verdict(video_id: str, listed: list[str], rank: int, candidates: int, ahead: tuple[str, ...]) -> tuple[str, str]:
    if video_id in listed:
        return LISTED, f"listed: place {listed.index(video_id) + 1} of {len(listed)}"
    if ahead:
        return CAPPED, f"capped: {len(ahead)} of the same creator come before it"
    return OUTRANKED, f"outranked: {rank - 1} of {candidates} candidates score more"


def _left_out(ranked: Ranked, index: VideoIndex, row: int) -> Standing:
    person = person_of(ranked.profile, index, ranked.now)
    by = [name for name, propose in SOURCES.items() if row in propose(person, index).rows]
    if by:
        return Standing(CROWDED_OUT, f"outranked: {', '.join(by)} found it, too weakly to be ranked", len(ranked.rows))
    return Standing(NOT_PROPOSED, "outranked: no source found it", len(ranked.rows))


def _features(ranked: Ranked, weights: Weights, at: int) -> tuple[Feature, ...]:
    values, averages = ranked.features[at], ranked.features.mean(axis=0)
    without, more = np.tile(values, (len(values), 1)), np.tile(values, (len(values), 1))
    np.fill_diagonal(without, averages)
    np.fill_diagonal(more, values + 1)

    def score(candidates: Floats) -> Floats:
        return ranked._replace(features=candidates).scores_by(weights)

    own = score(values[None, :])[0]
    columns = zip(NAMES, values, averages, score(more) - own, own - score(without), strict=True)
    found = (Feature(name, *(round(float(figure), 4) for figure in figures)) for name, *figures in columns)
    return tuple(sorted(found, key=lambda one: -abs(one.contribution)))


def _of_creator(index: VideoIndex, listed: list[str], video_id: str) -> tuple[str, ...]:
    creator = index.creators.get(index.rows[video_id])
    return tuple(other for other in listed if creator and index.creators.get(index.rows[other]) == creator)


def _seen_by(profile: Profile, video_id: str) -> str:
    if any(liked.video_id == video_id for liked in profile.likes):
        return "the person liked it"
    done = [reaction.action_type for reaction in profile.reactions if reaction.video_id == video_id]
    return {"view": "the person watched it", "skip": "the person skipped it"}.get(
        done[-1] if done else "", "the person has acted on it"
    )
