"""What rules did is counted for an hour."""

import numpy as np

from recomind.recommender.slate import RuleEffects
from recomind.stores.rule_counts import RuleCounts

BOTH, ONE = ("R1", "R2"), ("R1",)


def test_lists_and_videos_are_added_up_and_expire_after_an_hour():
    counts = RuleCounts()
    counts.add(RuleEffects(BOTH, np.array([3, 1])), 0.0)
    counts.add(RuleEffects(ONE, np.array([2])), 1800.0)
    assert counts.last_hour(1800.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3599.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3660.0) == {"R1": (1, 2)}
    assert counts.last_hour(7200.0) == {}


def test_lists_of_a_minute_are_added_up_also_when_rules_change_within_it():
    counts = RuleCounts()
    for ids, effects in ((BOTH, [1, 0]), (BOTH, [0, 4]), (ONE, [1]), (BOTH, [1, 1])):
        counts.add(RuleEffects(ids, np.array(effects)), 30.0)
    assert counts.last_hour(40.0) == {"R1": (3, 3), "R2": (2, 5)}
