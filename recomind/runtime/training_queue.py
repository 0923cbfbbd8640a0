"""First likes that wait to train the blend.

A training step takes as long as ranking a list, so a busy worker trains on some likes only: the latest.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from recomind.model.events import Action
from recomind.model.signals import ActionSignal, ErasureSignal, Signal
from recomind.state.profile import Profile, without_video

MAX_EXAMPLES: Final = 256
"""Capacity of the queues of all workers together; the oldest examples are dropped."""


class TrainingExample(NamedTuple):
    """A user's first like of a video, and the user's profile before they met that video."""

    profile: Profile
    video_id: str
    timestamp: float
    """Event time of the like, epoch seconds."""


class TrainingQueue:
    """Bounded FIFO queue of training examples."""

    def __init__(self) -> None:
        self._examples: deque[TrainingExample] = deque(maxlen=MAX_EXAMPLES)

    def __len__(self) -> int:
        return len(self._examples)

    def set_share(self, share: float) -> None:
        """Set the capacity to this share of `MAX_EXAMPLES`: the worker's share of the partitions.

        So the number of examples that a group drops under load does not depend on its number of workers.
        """
        self._examples = deque(self._examples, max(1, round(MAX_EXAMPLES * share)))

    def add_first_like(self, before: Profile, action: Action, signals: Sequence[Signal | ErasureSignal]) -> None:
        """Queue an action if it is the user's first like of the video.

        Args:
            before: the user's profile before the action.
            action: the action.
            signals: the signals derived from it.
        """
        first = signals[0] if signals else None
        if isinstance(first, ActionSignal) and first.action_type == "like" and not first.is_repeat:
            self._examples.append(
                TrainingExample(without_video(before, action.video_id), action.video_id, action.timestamp)
            )

    def pop_oldest(self, most: int) -> list[TrainingExample]:
        """Remove and return up to `most` examples, oldest first."""
        return [self._examples.popleft() for _ in range(min(most, len(self._examples)))]

    def requeue(self, examples: Sequence[TrainingExample]) -> None:
        """Put examples back in front; the oldest of them are dropped if there is no room."""
        room = (self._examples.maxlen or 0) - len(self._examples)
        self._examples.extendleft(examples[::-1][:room])
