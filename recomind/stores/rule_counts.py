"""What each rule did in the lists that this worker has ranked within an hour: counts by minute, in memory."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

WINDOW_MINUTES: Final = 60


class RuleCounts:
    """Lists and videos by rule."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, Counter[str], Counter[str]]] = deque()
        """Minute to the numbers of lists and of videos by rule, the latest minute last."""

    def add(self, effects: Mapping[str, int], now: float) -> None:
        """Count a list. `effects` maps rules to videos that they left out, moved or pinned; `now` is in seconds."""
        minute = int(now // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter(), Counter()))
            self._expire(minute)
        _, lists, videos = self._minutes[-1]
        for rule, count in effects.items():
            lists[rule] += 1
            videos[rule] += count

    def last_hour(self, now: float) -> dict[str, tuple[int, int]]:
        """Rule to (lists, videos) of the last hour."""
        self._expire(int(now // 60))
        lists, videos = Counter[str](), Counter[str]()
        for _, some_lists, some_videos in self._minutes:
            lists.update(some_lists)
            videos.update(some_videos)
        return {rule: (count, videos[rule]) for rule, count in lists.items()}

    def _expire(self, minute: int) -> None:
        while self._minutes and self._minutes[0][0] <= minute - WINDOW_MINUTES:
            self._minutes.popleft()
