"""Prequential evaluation: replay a log in time order, score each like of the test region, then learn it.

The protocol: candidates are the videos anybody has acted on less those the person has; all events that share a
timestamp are scored before any is learned; a like on a video the person has acted on is not scored; a video nobody
has touched is a miss. It runs the engine, the very functions of the live workers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import Origin
from recomind.offline.engine import Engine
from recomind.recommender.diversify import Caps
from recomind.recommender.ease import train
from recomind.recommender.hit_rate import place
from recomind.recommender.pipeline import Ranked

SHOWN: Final = 30
"""Videos asked for; the first ten that may be scored count."""

RETRAIN_FIRST: Final = 2_000
"""Likes at which the item-item model is trained for the first time."""

RETRAIN_GROWTH: Final = 1.15
"""By which factor likes grow until it is trained again."""


class Replay:
    """The engine, fed with a log, and its item-item model retrained as likes grow."""

    def __init__(self, videos: Iterable[Video], caps: Caps | None = None) -> None:
        self.engine = Engine(caps=caps)
        self.likes: dict[str, list[str]] = {}
        self._number = 0
        self._liked = 0
        self._retrain_at = RETRAIN_FIRST
        for video in videos:
            self.engine.put_video(video)

    def observe(self, action: Action) -> None:
        """Learn an action."""
        self.engine.observe(action, Origin(0, self._number))
        self._number += 1
        liked = self.likes.setdefault(action.user_id, []) if action.action_type == "like" else None
        if liked is not None and action.video_id not in liked:
            liked.append(action.video_id)
            self._liked += 1
            self._retrain_if_due()

    def _retrain_if_due(self) -> None:
        if self._liked >= self._retrain_at:
            self._retrain_at = int(self._liked * RETRAIN_GROWTH)
            newest_first = [(user, video) for user, some in self.likes.items() for video in reversed(some)]
            self.engine.retrain(train(newest_first))


class Scored(NamedTuple):
    """A like of the test region."""

    rank: float
    """Where its video stood; infinity for a miss."""
    likes: int
    """The person's likes before it."""
    timestamp: float
    by_source: tuple[float, ...]
    """Where its video stood for each source alone."""
    shown: tuple[str, ...]
    """The first ten."""
    milliseconds: float


class Evaluation:
    """A replay of one log."""

    def __init__(
        self,
        actions: Sequence[Action],
        videos: Iterable[Video],
        *,
        test_frac: float = 0.2,
        caps: Caps | None = None,
        refresh: float = 0.0,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.actions = sorted(actions, key=lambda action: action.timestamp)
        likes = [action.timestamp for action in self.actions if action.action_type == "like"]
        self.test_start = likes[int(len(likes) * (1 - test_frac))] if likes else 0.0
        self.replay = Replay(videos, caps)
        self.engine = self.replay.engine
        self.scored: list[Scored] = []
        self._refresh = refresh
        self._clock = clock
        self._served: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._acted: dict[str, set[str]] = {}
        self._known: set[str] = set()

    def run(self, on_progress: Callable[[int], None] = lambda _: None) -> list[Scored]:
        """Replay; what was scored, in order. Told of progress in actions."""
        for at, group in groupby(self.actions, key=lambda action: action.timestamp):
            together = list(group)
            if at >= self.test_start:
                self._score(together)
            for action in together:
                self._known.add(action.video_id)
                self._acted.setdefault(action.user_id, set()).add(action.video_id)
                self.replay.observe(action)
            on_progress(len(together))
        return self.scored

    def _score(self, together: list[Action]) -> None:
        targets = {
            (action.user_id, action.video_id): action
            for action in reversed(together)
            if action.action_type == "like" and action.video_id not in self._acted.get(action.user_id, ())
        }
        for action in reversed(list(targets.values())):
            self.scored.append(self._score_one(action))

    def _score_one(self, action: Action) -> Scored:
        self.engine.refresh()  # a worker's index follows what happens, too, before anybody asks
        began = self._clock()
        served = self._serve(action.user_id, action.timestamp)
        elapsed = 1000 * (self._clock() - began)
        acted = self._acted.get(action.user_id, set())
        eligible = [video for video in served if video in self._known and video not in acted][:10]
        rank = eligible.index(action.video_id) + 1.0 if action.video_id in eligible else np.inf
        by_source = self._alone(action) if not self._refresh else ()
        likes = len(self.replay.likes.get(action.user_id, ()))
        return Scored(rank, likes, action.timestamp, by_source, tuple(eligible), elapsed)

    def _serve(self, user_id: str, now: float) -> tuple[str, ...]:
        """The list the person gets: fresh, or the one made at the last refresh."""
        period = now // self._refresh if self._refresh else now
        known = self._served.get(user_id)
        if self._refresh and known is not None and known[0] == period:
            return known[1]
        slate = self.engine.recommend(user_id, SHOWN, now)
        listed = tuple(pick.video_id for pick in slate.picks)
        if self._refresh:
            self._served[user_id] = period, listed
        return listed

    def _alone(self, action: Action) -> tuple[float, ...]:
        person = self.engine.profile(action.user_id)
        ranked = self.engine.rank(action.user_id, person, action.timestamp)
        at = ranked.place_of(self.engine.index.rows.get(action.video_id, -1))
        return tuple(_standings(ranked, at)) if action.video_id in self._known else (np.inf,) * len(ranked.scores)


def _standings(ranked: Ranked, at: int | None) -> Iterator[float]:
    """Where a candidate stands for each source alone; nowhere if it is none."""
    for scores in ranked.scores:
        yield np.inf if at is None else place(scores, at)
