"""Which videos were taken down lately, for pages that hold them: a page has loaded videos ahead, and has a history."""

from collections.abc import Callable
from time import monotonic
from typing import Final

MAX_REMOVALS: Final = 500
"""Latest takedowns that a new stream is told of."""

RETENTION_S: Final = 3600.0
"""For how long a new stream is told of a takedown: a page may have been without a stream."""

OVERLAP_S: Final = 60.0
"""How long before the latest poll takedowns are told again: another worker may have answered it, with another clock, or
without a takedown that this worker knew by then."""


class RemovalLog:
    """The latest takedowns on this worker, numbered from 1."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._entries: dict[str, tuple[int, float]] = {}
        """Video to the number and time of its takedown, in ascending order."""

    def note(self, video_id: str) -> None:
        """Note that a video was taken down."""
        self.forget(video_id)
        self._count += 1
        self._entries[video_id] = self._count, self._clock()
        if len(self._entries) > MAX_REMOVALS:
            del self._entries[next(iter(self._entries))]

    def forget(self, video_id: str) -> None:
        """Forget a takedown: the video is listed again."""
        self._entries.pop(video_id, None)

    def since(self, number: int) -> tuple[int, list[str]]:
        """The number of the latest takedown, and the videos of those after `number` that are still taken down."""
        if number == self._count:
            return number, []
        earliest = self._clock() - RETENTION_S
        return self._count, [one for one, (own, at) in self._entries.items() if own > number and at > earliest]

    def within(self, seconds: float) -> list[str]:
        """The videos that were taken down in the last `seconds` and the overlap before them, and still are."""
        earliest = self._clock() - min(max(seconds, 0.0) + OVERLAP_S, RETENTION_S)
        return [one for one, (_, at) in self._entries.items() if at > earliest]
