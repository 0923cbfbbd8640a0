"""What each rule did in the lists that this worker has ranked within an hour: counts by minute, in memory."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Rows
from recomind.recommender.slate import RuleEffects

WINDOW_MINUTES: Final = 60


class _Counts(NamedTuple):
    """Of the same rules: how many lists each acted in, and on how many videos."""

    minute: int
    ids: Sequence[str]
    lists: Rows
    videos: Rows


class RuleCounts:
    """Lists and videos by rule."""

    def __init__(self) -> None:
        self._counts: deque[_Counts] = deque()
        """The latest last; one for each minute, and one more when the rules have changed."""

    def add(self, effects: RuleEffects, now: float) -> None:
        """Count what rules did in a list; `now` is in seconds."""
        minute = int(now // 60)
        if not self._counts or self._counts[-1].minute != minute or self._counts[-1].ids is not effects.ids:
            zeros = np.zeros(len(effects.ids), np.int64)
            self._counts.append(_Counts(minute, effects.ids, zeros, zeros.copy()))
            self._expire(minute)
        self._counts[-1].lists[...] += effects.counts > 0
        self._counts[-1].videos[...] += effects.counts

    def last_hour(self, now: float) -> dict[str, tuple[int, int]]:
        """Rule to (lists, videos) of the last hour."""
        self._expire(int(now // 60))
        lists, videos = Counter[str](), Counter[str]()
        for one in self._counts:
            lists.update(RuleEffects(one.ids, one.lists).by_rule())
            videos.update(RuleEffects(one.ids, one.videos).by_rule())
        return {rule: (count, videos[rule]) for rule, count in lists.items()}

    def _expire(self, minute: int) -> None:
        while self._counts and self._counts[0].minute <= minute - WINDOW_MINUTES:
            self._counts.popleft()
