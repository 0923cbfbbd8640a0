"""The hybrid: ask every source, blend, leave out what was seen; and learn from each like which source was right."""

from collections.abc import Mapping

import numpy as np

from recomind.candidates.found import Candidates
from recomind.candidates.sources import SOURCES
from recomind.ranking import blend
from recomind.ranking.blend import Weights
from recomind.ranking.index import Floats, Rows, VideoIndex
from recomind.ranking.slate import Pick, Slate
from recomind.state.profile import Profile


def recommend(profile: Profile, index: VideoIndex, weights: Weights, now: float, n: int) -> Slate:
    """The `n` best videos for a person as of `now`, none of which the person has acted on.

    Args:
        profile: the person; an empty one for somebody new.
        index: the read model.
        weights: of the blend.
        now: event time, epoch seconds.
        n: most videos in the slate.
    """
    rows, scores = _table(_eligible(profile, index, _ask(profile, index, now)))
    total = blend.blend(weights, scores)
    order = np.lexsort((rows, -total))[:n]
    picks = tuple(_pick(index, rows, scores, total, at) for at in order)
    return Slate(picks, now, weights.version)


def learn(weights: Weights, profile: Profile, index: VideoIndex, liked: str, now: float) -> Weights:
    """The weights after a first like of the video `liked`, by a person as she was before it."""
    row = index.rows.get(liked, -1)
    found = _eligible(profile, index, _ask(profile, index, now))
    return blend.learn(weights, {name: _gain(candidates, row) for name, candidates in found.items()})


def _ask(profile: Profile, index: VideoIndex, now: float) -> dict[str, Candidates]:
    return {name: propose(profile, index, now) for name, propose in SOURCES.items()}


def _eligible(profile: Profile, index: VideoIndex, found: Mapping[str, Candidates]) -> dict[str, Candidates]:
    seen = np.frombuffer(profile.seen, "<u4")
    return {name: _filtered(candidates, index, seen) for name, candidates in found.items()}


def _filtered(
    candidates: Candidates, index: VideoIndex, seen: np.ndarray[tuple[int], np.dtype[np.uint32]]
) -> Candidates:
    keep = index.listed[candidates.rows] & ~np.isin(index.hashes[candidates.rows], seen)
    return Candidates(candidates.rows[keep], candidates.scores[keep])


def _table(found: Mapping[str, Candidates]) -> tuple[Rows, dict[str, Floats]]:
    """All candidates once, and each source's scores over them."""
    rows = np.unique(np.concatenate([candidates.rows for candidates in found.values()]))
    scores = {name: np.zeros(len(rows)) for name in found}
    for name, candidates in found.items():
        scores[name][np.searchsorted(rows, candidates.rows)] = candidates.scores
    return rows, scores


def _pick(index: VideoIndex, rows: Rows, scores: Mapping[str, Floats], total: Floats, at: int) -> Pick:
    shares = {name: round(float(column[at] / column.max()), 4) for name, column in scores.items() if column[at] > 0}
    return Pick(index.ids[rows[at]], round(float(total[at]), 6), shares)


def _gain(candidates: Candidates, row: int) -> float:
    where = np.flatnonzero(candidates.rows == row)
    return 1 / (1 + int(where[0])) if len(where) else 0.0
