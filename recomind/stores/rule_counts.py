"""What each rule did in the lists that this worker has ranked within an hour: counts by minute, in memory."""

from collections import Counter, deque
from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.index.columns import Rows
from recomind.recommender.policy.compiled_rules import CompiledRules
from recomind.recommender.policy.rule_effects import RuleEffects, count_effects

WINDOW_MINUTES: Final = 60

MAX_NOTED: Final = 100
"""Lists whose effects are counted together."""


class _Counts(NamedTuple):
    """Of the same rules: how many lists each acted in, and on how many videos."""

    minute: int
    rules: CompiledRules
    lists: Rows
    videos: Rows


class RuleCounts:
    """Lists and videos by rule."""

    def __init__(self) -> None:
        self._noted: list[RuleEffects] = []
        """Lists that are not counted yet, all of the minute and the rules of the latest counts."""
        self._counts: deque[_Counts] = deque()
        """The latest last; one for each minute, and one more when the rules have changed."""

    def add(self, effects: RuleEffects, now: float) -> None:
        """Note what rules did in a list; `now` is in seconds."""
        minute, latest = int(now // 60), self._counts[-1] if self._counts else None
        if latest is None or latest.minute != minute or latest.rules is not effects.rules:
            self._count()
            zeros = np.zeros(len(effects.rules.ids), np.int64)
            self._counts.append(_Counts(minute, effects.rules, zeros, zeros.copy()))
            self._expire(minute)
        self._noted.append(effects)
        if len(self._noted) == MAX_NOTED:
            self._count()

    def last_hour(self, now: float) -> dict[str, tuple[int, int]]:
        """Rule to (lists, videos) of the last hour."""
        self._count()
        self._expire(int(now // 60))
        lists, videos = Counter[str](), Counter[str]()
        for one in self._counts:
            for number in one.videos.nonzero()[0].tolist():
                lists[one.rules.ids[number]] += int(one.lists[number])
                videos[one.rules.ids[number]] += int(one.videos[number])
        return {rule: (count, videos[rule]) for rule, count in lists.items()}

    def _count(self) -> None:
        if self._noted:
            lists, videos = count_effects(self._noted)
            self._counts[-1].lists[...] += lists
            self._counts[-1].videos[...] += videos
            self._noted.clear()

    def _expire(self, minute: int) -> None:
        while self._counts and self._counts[0].minute <= minute - WINDOW_MINUTES:
            self._counts.popleft()
