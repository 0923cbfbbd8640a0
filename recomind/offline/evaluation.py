"""Prequential evaluation: replay a log in time order; score each like of the test region, then learn it.

The protocol: eligible are videos with at least one action of any user and none of this user. All events with the same
timestamp are scored before any of them is learned. A like on a video that the user has acted on is not scored. A like
on a video without an earlier action is a miss. The engine runs the same functions as the live workers.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.metrics import midrank
from recomind.recommender.diversify import Caps
from recomind.recommender.ease import train
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.policy.policy import Policy

LIST_SIZE: Final = 30
"""Videos requested per list; the first ten eligible ones are scored."""

FIRST_TRAINING_LIKES: Final = 2_000
"""Number of likes at which the item-item model is first trained."""

TRAINING_GROWTH_FACTOR: Final = 1.15
"""The model is trained again each time the number of likes has grown by this factor."""


class Replay:
    """The engine fed with a log; its item-item model is retrained as the number of likes grows."""

    def __init__(self, videos: Iterable[Video], caps: Caps | None = None, extensions: Extensions = BUILT_IN) -> None:
        self.engine = Engine(caps=caps, extensions=extensions)
        self.likes: dict[str, list[str]] = {}
        self._offset = 0
        self._like_count = 0
        self._next_training_at = FIRST_TRAINING_LIKES
        for video in videos:
            self.engine.put_video(video)

    def observe(self, action: Action) -> None:
        """Apply an action, and retrain the item-item model if it is due."""
        self.engine.observe(action, SourceOffset(0, Offset(self._offset)))
        self._offset += 1
        liked = self.likes.get(action.user_id, [])
        if action.action_type == "undo_like" and action.video_id in liked:
            liked.remove(action.video_id)
        if action.action_type == "like" and action.video_id not in liked:
            self.likes.setdefault(action.user_id, []).append(action.video_id)
            self._like_count += 1
            self._train_if_due()

    def _train_if_due(self) -> None:
        if self._like_count >= self._next_training_at:
            self._next_training_at = int(self._like_count * TRAINING_GROWTH_FACTOR)
            newest_first = [(user, video) for user, some in self.likes.items() for video in reversed(some)]
            self.engine.put_ease_model(train(newest_first))


class ScoredLike(NamedTuple):
    """A like of the test region."""

    rank: float
    """Rank of its video among the first ten eligible ones, from 1; infinity for a miss."""
    likes: int
    """Number of the user's earlier likes."""
    timestamp: float
    by_source: tuple[float, ...]
    """Rank of its video by the scores of each candidate source alone."""
    shown: tuple[str, ...]
    """The first ten eligible videos of the list."""
    milliseconds: float
    """Time to produce the list."""
    by_ranker: tuple[float, ...] = ()
    """As `rank`, in the lists of other rankers."""


class Evaluation:
    """A prequential replay of one log.

    Args:
        actions: the log.
        videos: the catalogue.
        test_frac: share of likes, the last ones, that are scored.
        caps: diversity limits of a list.
        refresh_period_s: how long a user's list is served before it is ranked again, in seconds; 0 ranks every time.
        clock: a timer in seconds, for `ScoredLike.milliseconds`.
        rankers: names of rankers whose lists are scored, too.
        extensions: rankers, and sources, filters and arrangers that take part in the lists.
    """

    def __init__(
        self,
        actions: Sequence[Action],
        videos: Iterable[Video],
        *,
        test_frac: float = 0.2,
        caps: Caps | None = None,
        refresh_period_s: float = 0.0,
        clock: Callable[[], float] = lambda: 0.0,
        rankers: Sequence[str] = (),
        extensions: Extensions = BUILT_IN,
    ) -> None:
        self.actions = sorted(actions, key=lambda action: action.timestamp)
        likes = [action.timestamp for action in self.actions if action.action_type == "like"]
        self.test_start = likes[int(len(likes) * (1 - test_frac))] if likes else 0.0
        self.replay = Replay(videos, caps, extensions)
        self.rankers = tuple(rankers)
        self._caps = caps
        self.engine = self.replay.engine
        self.scored: list[ScoredLike] = []
        self._refresh_period_s = refresh_period_s
        self._clock = clock
        self._served_lists: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._acted_on: dict[str, set[str]] = {}
        self._known_videos: set[str] = set()

    def run(self, on_progress: Callable[[int], None] = lambda _: None) -> list[ScoredLike]:
        """Replay the log and return the scored likes in order; `on_progress` gets the number of actions of a step."""
        for at, group in groupby(self.actions, key=lambda action: action.timestamp):
            simultaneous = list(group)
            if at >= self.test_start:
                self._score_group(simultaneous)
            for action in simultaneous:
                self._known_videos.add(action.video_id)
                self._acted_on.setdefault(action.user_id, set()).add(action.video_id)
                self.replay.observe(action)
            on_progress(len(simultaneous))
        return self.scored

    def _score_group(self, simultaneous: list[Action]) -> None:
        targets = {
            (action.user_id, action.video_id): action
            for action in reversed(simultaneous)
            if action.action_type == "like" and action.video_id not in self._acted_on.get(action.user_id, ())
        }
        for action in reversed(list(targets.values())):
            self.scored.append(self._score_one(action))

    def _score_one(self, action: Action) -> ScoredLike:
        self.engine.refresh()  # not timed: a worker's index is also brought up to date before a request
        started = self._clock()
        served = self._serve(action.user_id, action.timestamp)
        elapsed = 1000 * (self._clock() - started)
        rank, eligible = self._rank_in(served, action)
        by_source = self._rank_by_source(action) if not self._refresh_period_s else ()
        by_ranker = () if self._refresh_period_s else tuple(self._rank_by(name, action) for name in self.rankers)
        likes = len(self.replay.likes.get(action.user_id, ()))
        return ScoredLike(rank, likes, action.timestamp, by_source, eligible, elapsed, by_ranker)

    def _rank_in(self, served: Iterable[str], action: Action) -> tuple[float, tuple[str, ...]]:
        """The rank of a liked video among the first ten eligible ones of a list, and these."""
        acted_on = self._acted_on.get(action.user_id, set())
        eligible = [video for video in served if video in self._known_videos and video not in acted_on][:10]
        return (eligible.index(action.video_id) + 1.0 if action.video_id in eligible else np.inf), tuple(eligible)

    def _rank_by(self, ranker: str, action: Action) -> float:
        policy = Policy(ranker=ranker, caps=self._caps)
        slate = self.engine.recommend(action.user_id, LIST_SIZE, action.timestamp, policy=policy)
        return self._rank_in((pick.video_id for pick in slate.picks), action)[0]

    def _serve(self, user_id: str, now: float) -> tuple[str, ...]:
        """The list that the user is served: ranked now, or at the last refresh."""
        period = now // self._refresh_period_s if self._refresh_period_s else now
        known = self._served_lists.get(user_id)
        if self._refresh_period_s and known is not None and known[0] == period:
            return known[1]
        slate = self.engine.recommend(user_id, LIST_SIZE, now)
        listed = tuple(pick.video_id for pick in slate.picks)
        if self._refresh_period_s:
            self._served_lists[user_id] = period, listed
        return listed

    def _rank_by_source(self, action: Action) -> tuple[float, ...]:
        ranked = self.engine.rank(action.user_id, self.engine.profile(action.user_id), action.timestamp)
        at = ranked.position_of(self.engine.index.rows.get(action.video_id, -1))
        if at is None or action.video_id not in self._known_videos:
            return (np.inf,) * len(ranked.scores)
        return tuple(midrank(scores, at) for scores in ranked.scores)
