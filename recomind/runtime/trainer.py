"""Learns from a batch of actions before its signals are sent, so that no feature can contain its own outcome.

An outcome of a served list is learned from the features as they were when the list was ranked: always, also after a
restart. Any other action is learned from the index, and only if this is surely its first delivery: after a crash its
signals may have been sent before, and the index may contain it. What has no time is left out, and never waits.

Each outcome updates the factor model, which takes microseconds. Each first like of a video that was not served trains
the blend on the choice among all candidates, which takes as long as ranking a list. Both have a share of time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Final, NamedTuple, cast

from msgspec.structs import replace

from recomind.model.events import Action
from recomind.model.signals import UNDONE, ActionSignal, Signal, UndoSignal, is_first_like
from recomind.recommender.outcomes import (
    Example,
    Taught,
    example_of,
    learn_outcome,
    learn_passed_over,
    with_outcome,
)
from recomind.recommender.pipeline import learn, rank
from recomind.runtime.event_loop import yield_to_other_tasks
from recomind.runtime.metrics import PASSED_OVER, Metrics
from recomind.state.profile import Profile, without_video
from recomind.state.served_lists import Joined, Place, with_joined
from recomind.stores.ranking_cache import RankingCache

TIME_SHARE: Final = 0.4
"""Share of time for learning from actions that were not served."""

LAGGING_TIME_SHARE: Final = 0.05
"""The same while the worker is lagging: then only a sample is learned from."""

MAX_SAVED_S: Final = 1.0
"""Time that can be saved up while there is nothing to learn from."""


class TrainingExample(NamedTuple):
    """A user's first like of a video, and the user's profile before it."""

    profile: Profile
    video_id: str
    timestamp: float
    """Event time of the like, epoch seconds."""
    user_id: str
    place: Place | None = None
    """The place of a served list that was liked, if its features are missing; None if the video was not served."""


class Trainer:
    """Learns from actions within a budget of time."""

    def __init__(
        self,
        cache: RankingCache,
        metrics: Metrics,
        is_lagging: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.is_paused = False
        """Whether weights are pinned: then only the factor model learns."""
        self._cache = cache
        self._metrics = metrics
        self._is_lagging = is_lagging
        self._clock = clock
        self._saved_s = MAX_SAVED_S
        self._saved_at = clock()

    def learn_outcome(
        self,
        before: Profile,
        after: Profile,
        action: Action,
        derived: Sequence[Signal],
        joined: Joined,
        is_first: bool,
    ) -> tuple[Profile, Sequence[Signal], TrainingExample | None]:
        """Learn from an action that counts, and from the places that it shows to be passed over.

        What is counted does not depend on what is learned: signals say which outcome an action is in any case.

        Args:
            before: the user's profile before the action.
            after: the profile after it.
            action: the action.
            derived: its signals, the action's own first.
            joined: what the action means for the user's served lists.
            is_first: whether this is surely its first delivery.

        Returns:
            The profile with the user's new factors, the signals with the increments of factors, and the example for the
            blend, if the action is one.
        """
        first = cast("ActionSignal | UndoSignal", derived[0])
        learn = partial(self._learn_example, kind=PASSED_OVER)
        factors, passed = learn_passed_over(before.factors, joined.passed, first, learn)
        example, taught = None, Taught(factors)
        outcome = example_of(action, first, joined, before, self._cache.index)
        is_served = outcome is not None and (outcome.shown is not None or joined.outcome == UNDONE)
        if outcome is not None and (is_served or (is_first and self._has_time())):
            taught = self._learn_example(factors, outcome, action.action_type)
            if not is_served and is_first_like(first):
                example = TrainingExample(before, action.video_id, action.timestamp, action.user_id, joined.place)
        after = replace(with_joined(after, action, joined), factors=taught.factors)
        return after, [with_outcome(first, joined.outcome, taught), *derived[1:], *passed], example

    def _learn_example(self, factors: bytes, example: Example, kind: str) -> Taught:
        """Learn from an example."""
        started = self._clock()
        learned = learn_outcome(self._cache.index, self._cache.weights.outcomes, factors, example)
        if example.shown is None:
            self._spend(started)
        elif not self.is_paused:
            self._cache.weights = replace(self._cache.weights, outcomes=learned.weights)
            self._metrics.outcomes.labels(kind).inc()
        return learned.factors

    async def train(self, examples: Sequence[TrainingExample]) -> None:
        """Train the blend on the latest of these likes for which there is time; call it before signals are sent."""
        for example in reversed(examples):
            if self.is_paused or not self._has_time():
                return
            started = self._clock()
            profiles = await self._cache.completer.complete({example.user_id: example.profile})
            complete = without_video(profiles[example.user_id], example.video_id)
            await self._cache.loader.load([complete])
            await self._train_on(example._replace(profile=complete))
            self._spend(started)

    async def _train_on(self, example: TrainingExample) -> None:
        """Other tasks run before it and between its two halves."""
        await yield_to_other_tasks()
        cache = self._cache
        ranked = rank(example.profile, cache.index, example.timestamp)
        await yield_to_other_tasks()
        with cache.learning_from(example.user_id, example.place):
            cache.weights = learn(cache.weights, ranked, cache.index, example.video_id)
        self._metrics.training_steps.inc()

    def _has_time(self) -> bool:
        now = self._clock()
        share = LAGGING_TIME_SHARE if self._is_lagging() else TIME_SHARE
        self._saved_s = min(MAX_SAVED_S, self._saved_s + share * (now - self._saved_at))
        self._saved_at = now
        return self._saved_s > 0

    def _spend(self, started: float) -> None:
        self._saved_s -= self._clock() - started
