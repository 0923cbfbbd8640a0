"""The heartbeat: a process that was blocked may not write, and one that waits for a server says so."""

import pytest

from recomind.errors import StalledError
from recomind.runtime.heartbeat import OUTAGE_GRACE_S, Heartbeat


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_process_blocked_for_most_of_its_session_may_not_write():
    clock = Clock()
    heartbeat = Heartbeat(10.0, clock)
    heartbeat.check()
    heartbeat.beat()
    clock.now += 7.5
    heartbeat.check()
    clock.now += 0.1
    with pytest.raises(StalledError, match=r"7\.6 s"):
        heartbeat.check()
    with pytest.raises(StalledError):
        heartbeat.beat()
    with pytest.raises(StalledError):
        heartbeat.check()


def test_work_counts_as_waiting_for_a_while_after_an_outage():
    clock = Clock()
    heartbeat = Heartbeat(10.0, clock)
    assert not heartbeat.is_waiting_for_server
    heartbeat.note_outage("Kafka is away")
    clock.now += OUTAGE_GRACE_S - 0.1
    assert heartbeat.is_waiting_for_server
    clock.now += 0.1
    assert not heartbeat.is_waiting_for_server
