"""Which videos were taken down lately, for pages that hold them: a page has loaded videos ahead, and has a history."""

from bisect import bisect_right
from collections.abc import Callable
from time import monotonic
from typing import Final

RETENTION_S: Final = 3600.0
"""For how long a new stream is told of a takedown: a page may have been without a stream."""

OVERLAP_S: Final = 60.0
"""How long before the latest poll takedowns are told again: another worker may have answered it, with another clock, or
without a takedown that this worker knew by then."""


class TakedownLog:
    """The takedowns of the last hour that this worker knows, numbered from 1. None of them is left out."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Know of no takedown yet; `clock` counts seconds."""
        self.listeners: list[Callable[[], None]] = []
        """Called when a video was taken down."""
        self._clock = clock
        self._ids: list[str] = []
        """Videos in the order of their takedowns; those that are listed again are still in it."""
        self._times: list[float] = []
        """When each of them was taken down, ascending."""
        self._dropped = 0
        """Takedowns that are in these lists no more: more than an hour ago."""
        self._numbers: dict[str, int] = {}
        """Video to the number of its latest takedown; without those that are listed again."""

    def __contains__(self, video_id: str) -> bool:
        """Whether a takedown is known that lasts."""
        return video_id in self._numbers

    def note(self, video_id: str, age: float = 0.0) -> None:
        """Note that a video was taken down, `age` seconds ago, but not before the one that was noted last."""
        self._drop_old()
        at = self._clock() - max(age, 0.0)
        self._ids.append(video_id)
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._numbers[video_id] = self._count
        for notify in self.listeners:
            notify()

    def forget(self, video_id: str) -> None:
        """Forget a takedown: the video is listed again."""
        self._numbers.pop(video_id, None)

    def since(self, number: int) -> tuple[int, list[str]]:
        """The number of the latest takedown, and the videos of those after `number` that are still taken down."""
        if number == self._count:
            return number, []
        recent = bisect_right(self._times, self._clock() - RETENTION_S)
        return self._count, self._taken_down(max(recent, number - self._dropped))

    def within(self, seconds: float) -> list[str]:
        """The videos that were taken down in the last `seconds` and the overlap before them, and still are."""
        earliest = self._clock() - min(max(seconds, 0.0) + OVERLAP_S, RETENTION_S)
        return self._taken_down(bisect_right(self._times, earliest))

    @property
    def _count(self) -> int:
        """The number of the latest takedown."""
        return self._dropped + len(self._ids)

    def _taken_down(self, place: int) -> list[str]:
        """The videos from a place of the list on that are still taken down."""
        numbered = enumerate(self._ids[place:], self._dropped + place + 1)
        return [video_id for number, video_id in numbered if self._numbers.get(video_id) == number]

    def _drop_old(self) -> None:
        """Drop what is older than an hour, once it is half of all."""
        old = bisect_right(self._times, self._clock() - RETENTION_S)
        if 2 * old <= len(self._ids):
            return
        for number, video_id in enumerate(self._ids[:old], self._dropped + 1):
            if self._numbers.get(video_id) == number:
                del self._numbers[video_id]
        del self._ids[:old], self._times[:old]
        self._dropped += old
