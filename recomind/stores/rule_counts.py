"""What each rule did in the lists that this worker has ranked within an hour: counts by minute, in memory."""

from collections import Counter, defaultdict, deque
from typing import Final, NamedTuple

from recomind.recommender.policy.compiled_rules import CompiledRules
from recomind.recommender.policy.rule_effects import RuleEffects, count_effects

WINDOW_MINUTES: Final = 60

MAX_NOTED: Final = 100
"""Lists whose effects are counted together."""


class _Minute(NamedTuple):
    """In how many lists each rule acted within a minute, and on how many videos."""

    minute: int
    lists: Counter[str]
    videos: Counter[str]


class RuleCounts:
    """Lists and videos by rule."""

    def __init__(self) -> None:
        self._noted: list[RuleEffects] = []
        """Lists of the latest minute that are not counted yet."""
        self._minutes: deque[_Minute] = deque()
        """The latest last."""

    def add(self, effects: RuleEffects, now: float) -> None:
        """Note what rules did in a list; `now` is in seconds."""
        minute = int(now // 60)
        if not self._minutes or self._minutes[-1].minute != minute:
            self._count()
            self._minutes.append(_Minute(minute, Counter(), Counter()))
            self._expire(minute)
        self._noted.append(effects)
        if len(self._noted) == MAX_NOTED:
            self._count()

    def last_hour(self, now: float) -> dict[str, tuple[int, int]]:
        """Rule to (lists, videos) of the last hour."""
        self._count()
        self._expire(int(now // 60))
        lists, videos = Counter[str](), Counter[str]()
        for one in self._minutes:
            lists.update(one.lists)
            videos.update(one.videos)
        return {rule: (count, videos[rule]) for rule, count in lists.items()}

    def _count(self) -> None:
        """Count what was noted, by the rules that acted: they differ by scenario, and when a rule changes."""
        by_rules: defaultdict[CompiledRules, list[RuleEffects]] = defaultdict(list)
        for one in self._noted:
            by_rules[one.rules].append(one)
        for rules, some in by_rules.items():
            lists, videos = count_effects(some)
            for number in videos.nonzero()[0].tolist():
                rule = rules.ids[number]
                self._minutes[-1].lists[rule] += int(lists[number])
                self._minutes[-1].videos[rule] += int(videos[number])
        self._noted.clear()

    def _expire(self, minute: int) -> None:
        while self._minutes and self._minutes[0].minute <= minute - WINDOW_MINUTES:
            self._minutes.popleft()
