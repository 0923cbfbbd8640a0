"""The watchdog: a worker is stuck if it has work, or waits for its assignment, and does not advance."""

import pytest

from recomind.errors import StuckError
from recomind_agents.watchdog import StallDetector


def test_a_worker_that_has_lag_and_does_not_commit_is_stuck():
    detector = StallDetector(120.0)
    detector.check(0.0, is_member=True, ends={0: 10}, committed={0: 4})
    detector.check(120.0, is_member=True, ends={0: 90}, committed={0: 4})
    with pytest.raises(StuckError, match=r"^86 records .* 120 s"):
        detector.check(120.1, is_member=True, ends={0: 90}, committed={0: 4})


@pytest.mark.parametrize(
    ("ends", "committed"),
    [pytest.param({0: 90}, {0: 5}, id="it commits"), pytest.param({0: 4}, {0: 4}, id="it has no lag")],
)
def test_a_worker_that_commits_or_has_no_lag_is_not_stuck(ends, committed):
    detector = StallDetector(120.0)
    detector.check(0.0, is_member=True, ends={0: 10}, committed={0: 4})
    detector.check(100.0, is_member=True, ends=ends, committed=committed)
    detector.check(200.0, is_member=True, ends=ends, committed=committed)


def test_a_worker_is_stuck_if_only_one_of_its_partitions_does_not_advance():
    detector = StallDetector(120.0)
    for now in range(0, 121, 10):
        detector.check(now, is_member=True, ends={0: 10, 1: 900}, committed={0: 4, 1: now})
    with pytest.raises(StuckError, match=r"^6 records"):
        detector.check(121.0, is_member=True, ends={0: 10, 1: 900}, committed={0: 4, 1: 200})


def test_a_worker_that_waits_for_a_server_is_not_stuck():
    detector = StallDetector(120.0)
    detector.check(0.0, is_member=True, ends={0: 10}, committed={0: 4})
    detector.reset()
    detector.check(200.0, is_member=True, ends={0: 10}, committed={0: 4})


def test_a_worker_that_gets_no_assignment_is_stuck():
    detector = StallDetector(120.0)
    detector.check(0.0, is_member=False, ends={}, committed={})
    with pytest.raises(StuckError, match="partitions for 120 s"):
        detector.check(120.1, is_member=False, ends={}, committed={})
