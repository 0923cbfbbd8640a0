"""Rankers that are built in beside the hybrid: baselines to compare others with, and controls of experiments.

Each takes ties, and users of whom nothing is known, by popularity, but for the random one and single sources.
"""

from collections.abc import Collection
from math import log
from typing import Final
from zlib import crc32

import numpy as np

from recomind.recommender.candidates.types import Candidates, UserContext
from recomind.recommender.exploration import seed_of
from recomind.recommender.extensions.protocols import RankingRequest
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.seen import listed_unseen
from recomind.recommender.index.top_lists import DAY_INDEX
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import MAX_POOL_SIZE, popular_unseen
from recomind.state.popularity import DECAY_RATES

TIE_BREAK: Final = 1e-6
"""What popularity counts in the score of a ranker that uses it for ties alone."""

COUNT_OFFSET: Final = 1e-3
"""Added to decayed likes before the logarithm."""


class RandomRanker:
    """Unseen videos of the whole catalogue in random order, each with equal probability.

    The order follows from `seed`, the ids of videos, and the user's actions: for users without any, from the time in
    seconds. So it is the same in every worker, and when a list is ranked again. Where rules or caps arrange a list, its
    propensities are approximate.
    """

    sources: Collection[str] | None = ()

    def __init__(self, seed: int = 0) -> None:
        """Create a ranker; `seed` is of the draws."""
        self._seed = seed

    def propose(self, user: UserContext, index: VideoIndex) -> Candidates:
        """Every unseen video with a random score."""
        rows = listed_unseen(index.columns, np.arange(index.size), user.profile.seen)
        return Candidates(rows, self._draws(rows, user, index))

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """The scores of `propose`."""
        return self._draws(request.rows, request.user, index)

    def propensities(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """One of the number of videos that the list may hold."""
        return np.full(len(request.rows), 1 / max(1, len(self._held(request, index))))

    def propensities_of(self, rows: Rows, request: RankingRequest, index: VideoIndex) -> Floats:
        """The same of any rows, which need not be candidates; 0 for what the list may not hold; shape (rows,)."""
        held = self._held(request, index)
        return np.isin(rows, held) / max(1, len(held))

    @staticmethod
    def _held(request: RankingRequest, index: VideoIndex) -> Rows:
        """The rows of the videos that the list may hold."""
        rows = listed_unseen(index.columns, np.arange(index.size), request.user.profile.seen)
        return rows if request.eligible is None else rows[request.eligible(rows)]

    def _draws(self, rows: Rows, user: UserContext, index: VideoIndex) -> Floats:
        """Numbers from 0 to 1 that follow from seed, user and video: SplitMix64 (Steele, Lea and Flood 2014)."""
        seed = seed_of(user.profile) if user.profile.action_count else crc32(str(int(user.now)).encode())
        mixed = index.columns.hash[rows].astype(np.uint64)
        mixed += np.uint64((self._seed << 32 | seed) * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return (mixed ^ mixed >> np.uint64(31)) / 2.0**64


class PopularityRanker:
    """The most liked unseen videos; a like counts half after a day. Videos without a like come last, newest first."""

    sources: Collection[str] | None = ()

    def propose(self, user: UserContext, index: VideoIndex) -> Candidates:
        """As many videos of the whole catalogue as a pool holds."""
        rows = popular_unseen(index, user.profile.seen, MAX_POOL_SIZE, np.arange(index.size))
        return Candidates(rows, 1 / np.arange(1, len(rows) + 1))

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """The logarithm of the decayed likes."""
        return popularity(request, index)


class TagsRanker:
    """The videos whose tags agree best with those that the user likes: the cosine of both."""

    sources: Collection[str] | None = ("tags", "trending", "fresh")

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """The feature `tags liked`."""
        return request.features[:, request.feature_names.index("tags liked")] + _tie_break(request, index)


class ItemItemRanker:
    """The videos that are liked together with those that the user liked: the trained model, and the shrunk cosine."""

    sources: Collection[str] | None = ("retrained", "liked_together", "trending", "fresh")

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """The sum of the scores of both sources."""
        return request.sources["retrained"] + request.sources["liked_together"] + _tie_break(request, index)


class SourceRanker:
    """What a single source proposes, in its order, and nothing else: a list may be short."""

    def __init__(self, name: str) -> None:
        """Create a ranker of the candidates of a source."""
        self.sources: Collection[str] | None = (name,)
        self._name = name

    def score(self, request: RankingRequest, index: VideoIndex) -> Floats:
        """The source's scores; what it did not propose is left out."""
        scores = request.sources.get(self._name, np.zeros(len(request.rows)))
        return np.where(scores > 0, scores + _tie_break(request, index), -np.inf)


def popularity(request: RankingRequest, index: VideoIndex) -> Floats:
    """The logarithm of candidates' likes, decayed with a half-life of a day; those never liked come last, newest first.

    Returns:
        Shape (candidates,).
    """
    columns, now = index.columns, request.user.now
    likes = np.exp(np.minimum(columns.like_scores[request.rows, DAY_INDEX] - DECAY_RATES[DAY_INDEX] * now, 30.0))
    age_days = np.clip(now - columns.created_at[request.rows], 0.0, 1e10) / 86_400
    never = log(COUNT_OFFSET) - 1 - age_days / (1 + age_days)
    scores: Floats = np.where(columns.liked_at[request.rows] > 0, np.log(likes + COUNT_OFFSET), never)
    return scores


def _tie_break(request: RankingRequest, index: VideoIndex) -> Floats:
    return TIE_BREAK * popularity(request, index)
