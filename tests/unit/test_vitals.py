"""Signs of life: a process that stood still, one that is stuck, and one that waits for a good reason."""

import pytest

from recomind.errors import StalledError, StuckError
from recomind.runtime.heartbeat import WAITING, Vitals
from recomind_agents.watchdog import Patience


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_process_that_stood_still_for_most_of_its_session_may_not_write():
    clock = Clock()
    vitals = Vitals(10.0, clock)
    vitals.check()
    vitals.beat()
    clock.now += 7.5
    vitals.check()
    clock.now += 0.1
    with pytest.raises(StalledError, match=r"stood still for 7\.6 s"):
        vitals.check()
    with pytest.raises(StalledError):
        vitals.beat()
    with pytest.raises(StalledError):
        vitals.check()


def test_who_found_a_server_away_counts_as_waiting_for_a_while():
    clock = Clock()
    vitals = Vitals(10.0, clock)
    assert not vitals.is_waiting
    vitals.note_waiting()
    clock.now += WAITING - 0.1
    assert vitals.is_waiting
    clock.now += 0.1
    assert not vitals.is_waiting


def test_one_that_has_work_and_commits_nothing_is_stuck():
    patience = Patience(120.0)
    patience.look(0.0, member=True, ends={0: 10}, committed={0: 4})
    patience.look(120.0, member=True, ends={0: 90}, committed={0: 4})
    with pytest.raises(StuckError, match="86 records wait and nothing was committed for 120 s"):
        patience.look(120.1, member=True, ends={0: 90}, committed={0: 4})


@pytest.mark.parametrize(
    ("ends", "committed"),
    [pytest.param({0: 90}, {0: 5}, id="it commits"), pytest.param({0: 4}, {0: 4}, id="it has no work")],
)
def test_one_that_commits_or_has_no_work_is_not_stuck(ends, committed):
    patience = Patience(120.0)
    patience.look(0.0, member=True, ends={0: 10}, committed={0: 4})
    patience.look(100.0, member=True, ends=ends, committed=committed)
    patience.look(200.0, member=True, ends=ends, committed=committed)


def test_one_of_whose_partitions_one_stands_still_is_stuck():
    patience = Patience(120.0)
    for now in range(0, 121, 10):
        patience.look(now, member=True, ends={0: 10, 1: 900}, committed={0: 4, 1: now})
    with pytest.raises(StuckError, match="6 records wait"):
        patience.look(121.0, member=True, ends={0: 10, 1: 900}, committed={0: 4, 1: 200})


def test_one_that_waits_for_a_server_is_not_stuck():
    patience = Patience(120.0)
    patience.look(0.0, member=True, ends={0: 10}, committed={0: 4})
    patience.reset()
    patience.look(200.0, member=True, ends={0: 10}, committed={0: 4})


def test_one_that_the_group_gives_no_answer_is_stuck():
    patience = Patience(120.0)
    patience.look(0.0, member=False, ends={}, committed={})
    with pytest.raises(StuckError, match="gave no partitions for 120 s"):
        patience.look(120.1, member=False, ends={}, committed={})
