"""The core in one process: the same folds and ranking as the live workers, with state in dictionaries.

`recomind evaluate` measures its lists, and tests use it as the oracle for live workers. State changes at once; the
index is brought up to date when it is next read.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import msgspec

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import UserId, VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import ActionSignal, Signal, SourceOffset, TransitionSignal, UndoSignal, is_first_like
from recomind.recommender.blend.model import Weights
from recomind.recommender.diversify import Caps
from recomind.recommender.ease import ItemNeighbours
from recomind.recommender.exploration import EXPLORATION_SHARE
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.outcomes import (
    Example,
    Taught,
    apply_shared,
    example_of,
    learn_outcome,
    learn_passed_over,
    with_outcome,
)
from recomind.recommender.pipeline import learn, rank, slate_of
from recomind.recommender.policy.policy import Policy
from recomind.recommender.ranked import Ranked
from recomind.recommender.slate import Slate
from recomind.state import neighbours, popularity, profile, profile_fold
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.served_lists import Joined, Place, ServedLists, with_joined
from recomind.state.user_blocks import UserBlocks


def _teaching_all(_: Place | None) -> AbstractContextManager[None]:
    """Every action teaches the same weights."""
    return nullcontext()


class Engine:
    """State, ranking index and blend weights of one process."""

    def __init__(
        self,
        *,
        learning: bool = True,
        caps: Caps | None = None,
        exploration: float = EXPLORATION_SHARE,
        policy: Policy | None = None,
        extensions: Extensions = BUILT_IN,
    ) -> None:
        self.profiles: dict[str, Profile] = {}
        self.blocks = UserBlocks()
        self._complete: dict[str, tuple[Profile, Profile]] = {}
        """Users with blocks of seen videos to a profile, and to the complete one."""
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.index = VideoIndex()
        self.weights = Weights()
        self.now = 0.0
        """Latest event time observed, epoch seconds."""
        self.caps = caps
        self.exploration = exploration
        self.policy = policy if policy is None or caps is None else policy._replace(caps=caps)
        """Of all lists; what is learned from likes does not depend on it."""
        self.extensions = extensions
        self.served = ServedLists()
        """The slates that users were shown."""
        self._logged_at = 0.0
        """The time of the log: the latest time of anything that has happened."""
        self.learning = learning
        """Whether actions are learned from; may be changed at any time."""
        self.learning_from: Callable[[Place | None], AbstractContextManager[None]] = _teaching_all
        """Called with the place of a served list that an action is the outcome of, or None. While it is entered,
        `weights` are those that the action teaches."""
        self._version = 0
        self._ranked: tuple[tuple[str, int, float, int, str], Ranked] | None = None
        self._changed_videos: set[str] = set()
        self._changed_users: set[str] = set()

    def put_video(self, video: Video) -> None:
        """Add or replace a catalogue entry."""
        self.index.put_video(video)
        self._version += 1

    def remove_video(self, video_id: str) -> None:
        """Take a video down, and delete its catalogue entry."""
        self.index.remove_video(video_id)
        self._version += 1

    def observe(self, action: Action, source_offset: SourceOffset) -> None:
        """Apply an action to the state; if it is a like, train the weights on it first."""
        before = self.profiles.get(action.user_id) or Profile()
        blocks = self.blocks.of_user(action.user_id, before)
        after, signals = profile_fold.fold(before, source_offset, action, *blocks)
        if not signals:
            self.profiles[action.user_id] = after
            return
        self._logged_at = max(self._logged_at, action.timestamp)
        after, signals = self._learn(before, after, action, signals)
        self._version += 1
        self.profiles[action.user_id] = self.blocks.seal_after(action.user_id, before, after)
        self._changed_users.add(action.user_id)
        self.now = max(self.now, action.timestamp)
        for signal in signals:
            self._apply(signal)

    def recommend(
        self,
        user_id: str,
        n: int,
        now: float | None = None,
        local: str = NO_LOCAL_CONTEXT,
        policy: Policy | None = None,
    ) -> Slate:
        """Rank a slate of `n` videos for the user.

        Args:
            user_id: the user.
            n: places.
            now: event time, epoch seconds; by default the latest.
            local: the local context of the request.
            policy: of the request; by default the engine's.
        """
        at = self.now if now is None else now
        if self.index.expire(at):
            self._version += 1
        policy = policy or self.policy
        ranked = self.rank(user_id, self.profile(user_id), at, local)
        if policy is not None or self.extensions.active:
            ranked = rank(self.profile(user_id), self.index, at, policy, self.extensions, local)
        return slate_of(ranked, self.index, self.weights, n, self.caps, exploration=self.exploration)

    def serve(self, user_id: str, n: int, now: float | None = None, local: str = NO_LOCAL_CONTEXT) -> Slate:
        """As `recommend`, for a slate that the user is shown: its outcomes are learned from."""
        slate = self.recommend(user_id, n, now, local)
        self._logged_at = max(self._logged_at, slate.as_of)
        offset, ids = self.served.next_offset, tuple(VideoId(pick.video_id) for pick in slate.picks)
        event = ServedListEvent(str(offset), UserId(user_id), slate.as_of, slate.version, ids, slate.shown)
        self.served.put(offset, self._logged_at, event)
        return slate

    def rank(self, user_id: str, user_profile: Profile, now: float, local: str = NO_LOCAL_CONTEXT) -> Ranked:
        """Candidates for the user. The last result is cached, as a like is first predicted and then trained on."""
        key = (user_id, id(user_profile), now, self._version, local)
        if self._ranked is None or self._ranked[0] != key:
            self.refresh()
            self._ranked = key, rank(user_profile, self.index, now, local=local)
        return self._ranked[1]

    def put_ease_model(self, lists: ItemNeighbours) -> None:
        """Replace the item-item model."""
        self.index.model_neighbours.clear()
        for video_id, others in lists.items():
            self.index.put_model_neighbours(video_id, others)
        self._version += 1

    def profile(self, user_id: str) -> Profile:
        """The user's profile, complete; an empty one for a new user."""
        known = self.profiles.get(user_id) or Profile()
        if not known.seen_blocks:
            return known
        if self._complete.get(user_id, (None,))[0] is not known:
            self._complete[user_id] = known, self.blocks.complete(user_id, known)
        return self._complete[user_id][1]

    def _learn(
        self, before: Profile, after: Profile, action: Action, derived: Sequence[Signal]
    ) -> tuple[Profile, list[Signal]]:
        """Learn from an action; returns the profile after it, and its signals, with what was learned."""
        first = derived[0]
        if not self.learning or not isinstance(first, ActionSignal | UndoSignal):
            return after, list(derived)
        joined = self.served.join(before, action, derived, self._logged_at)
        with self.learning_from(joined.place):
            return self._learn_joined(before, after, action, derived, joined)

    def _learn_joined(
        self, before: Profile, after: Profile, action: Action, derived: Sequence[Signal], joined: Joined
    ) -> tuple[Profile, list[Signal]]:
        """As `_learn`, from an action and what it means for the user's served lists."""
        first = cast("ActionSignal | UndoSignal", derived[0])
        if joined.place is None and is_first_like(first):
            earlier = profile.without_video(self.profile(action.user_id), action.video_id)
            ranked = self.rank(action.user_id, earlier, action.timestamp)
            self.weights = learn(self.weights, ranked, self.index, action.video_id)
        self.refresh()
        factors, passed = learn_passed_over(before.factors, joined.passed, first, self._learn_example)
        example, taught = example_of(action, first, joined, before, self.index), Taught(factors)
        if example is not None:
            taught = self._learn_example(factors, example)
        factors, first = taught.factors, with_outcome(first, joined.outcome, taught)
        after = msgspec.structs.replace(with_joined(after, action, joined), factors=factors)
        return after, [first, *derived[1:], *passed]

    def _learn_example(self, factors: bytes, example: Example) -> Taught:
        """Learn from an example."""
        learned = learn_outcome(self.index, self.weights.outcomes, factors, example)
        apply_shared(self.index, example.video_id, learned.factors.increments)
        self.weights = msgspec.structs.replace(self.weights, outcomes=learned.weights)
        return learned.factors

    def _apply(self, signal: Signal) -> None:
        video_id = signal.video_id
        self._changed_videos.add(video_id)
        known = self.neighbours.get(video_id) or Neighbours()
        after = neighbours.fold(known, [signal])
        if after is not known:
            self.neighbours[video_id] = after
        if not isinstance(signal, TransitionSignal):
            counted = self.popularity.get(video_id) or Popularity()
            self.popularity[video_id] = popularity.fold(counted, [signal])

    def refresh(self) -> None:
        """Bring the index up to date with the state."""
        for video_id in self._changed_videos:
            if video_id in self.neighbours:
                self.index.put_neighbours(video_id, self.neighbours[video_id])
            if video_id in self.popularity:
                self.index.put_popularity(video_id, self.popularity[video_id])
        for user_id in self._changed_users:
            self.index.put_likes(user_id, self.profiles[user_id].likes)
        self._changed_videos.clear()
        self._changed_users.clear()
