"""Lessons: first likes that wait to teach the blend.

A lesson takes as long as a list, so a worker that has much to do learns from some likes only: the latest.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from recomind.model.events import Action
from recomind.model.signals import Forgotten, Signal, Touched
from recomind.state.profile import Profile, unmet

MOST: Final = 256
"""Most likes that wait in all workers together; the oldest are passed over."""


class Lesson(NamedTuple):
    """A first like, and the person as she was before she met the video."""

    profile: Profile
    video_id: str
    timestamp: float


class Lessons:
    """The likes that wait."""

    def __init__(self) -> None:
        self._waiting: deque[Lesson] = deque(maxlen=MOST)

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, share: float) -> None:
        """Let so much of `MOST` wait here: a worker's share of the partitions.

        What a group learns from more likes than it has time for does not depend on the number of its workers.
        """
        self._waiting = deque(self._waiting, max(1, round(MOST * share)))

    def add(self, before: Profile, action: Action, signals: Sequence[Signal | Forgotten]) -> None:
        """Take an action on, if it is a first like.

        Args:
            before: the person before it.
            action: the action.
            signals: what it meant for videos.
        """
        first = signals[0] if signals else None
        if isinstance(first, Touched) and first.action_type == "like" and not first.again:
            self._waiting.append(Lesson(unmet(before, action.video_id), action.video_id, action.timestamp))

    def take(self, most: int) -> list[Lesson]:
        """The oldest that wait, to be learned from."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def put_back(self, lessons: Sequence[Lesson]) -> None:
        """These could not be learned from: they wait again, as far as there is room."""
        room = (self._waiting.maxlen or 0) - len(self._waiting)
        self._waiting.extendleft(lessons[::-1][:room])
