"""A ranker: the hybrid's lists, with a place for a video that few have liked and that resembles one the user liked.

The hybrid has little to say of a video that nobody has liked yet. That a sequel to what somebody has just liked may
please them can be read in its title.
"""

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.candidates.types import NO_CANDIDATES, Candidates, UserContext
from recomind.recommender.extensions.protocols import RankingRequest
from recomind.recommender.index.video_index import VideoIndex
from recomind_example.title_words import TitleWords

NAME = "titles"
"""Of the entry point."""

MAX_LIKES = 5
"""A video with fewer likes may get the place."""

LEAST = 0.8
"""Least similarity of title and tags: about a tenth of the lists have such a video."""

DECAY = 0.95
"""With each later like of the user, a similarity counts so much less. So it is the last five that count."""

PLACE = 9
"""Place of the video, from 1. The tenth place is sometimes drawn for a new upload."""


class Titles:
    """The ranker, which proposes its own candidates."""

    def __init__(self) -> None:
        self._words: WeakKeyDictionary[VideoIndex, TitleWords] = WeakKeyDictionary()

    def propose(self, user: UserContext, index: VideoIndex) -> Candidates:
        """The videos with few likes that resemble one of the user's latest likes; score is the similarity."""
        words = self._words.setdefault(index, TitleWords())
        words.update(index)
        rows, scores = [NO_CANDIDATES.rows], [NO_CANDIDATES.scores]
        for place, seed in enumerate(user.positives):
            weight = DECAY**place
            if weight < LEAST:
                break
            found, similarities = words.similar(seed, index, LEAST / weight)
            few = index.columns.likes[found] < MAX_LIKES
            rows.append(found[few])
            scores.append(weight * similarities[few])
        return _largest(Candidates(np.concatenate(rows), np.concatenate(scores)))

    def score(self, request: RankingRequest, index: VideoIndex) -> NDArray[np.float64]:
        """The hybrid's scores, and for the most similar video one that gives it the place, if its own is lower."""
        del index
        scores, similarities = request.scores.copy(), request.sources.get(NAME, np.zeros(0))
        if not similarities.any() or len(scores) <= PLACE:
            return scores
        chosen = int(similarities.argmax())
        above, below = np.sort(np.delete(scores, chosen))[::-1][PLACE - 2 : PLACE]
        scores[chosen] = max(scores[chosen], (above + below) / 2)
        return scores


def _largest(found: Candidates) -> Candidates:
    """Each row once, with its largest score."""
    order = np.argsort(-found.scores, kind="stable")
    rows, first = np.unique(found.rows[order], return_index=True)
    return Candidates(rows, found.scores[order][first])
