"""What rules did is counted for an hour."""

from recomind.stores.rule_counts import RuleCounts


def test_lists_and_videos_are_added_up_and_expire_after_an_hour():
    counts = RuleCounts()
    counts.add({"R1": 3, "R2": 1}, 0.0)
    counts.add({"R1": 2}, 1800.0)
    assert counts.last_hour(1800.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3599.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3660.0) == {"R1": (1, 2)}
    assert counts.last_hour(7200.0) == {}
