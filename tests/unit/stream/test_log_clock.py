"""Kafka's time decides, however far off our own clock is."""

from types import SimpleNamespace

import pytest

from recomind.stream.log_clock import LogClock


def acknowledged(at, timestamp_type=1):
    return SimpleNamespace(timestamp=at * 1000, timestamp_type=timestamp_type)


@pytest.mark.parametrize("offset", [-360, 0, 3600])
def test_the_time_is_kafkas(offset):
    now = [1000.0]
    clock = LogClock(lambda: now[0])
    assert clock.now() == 1000.0
    assert clock.note(acknowledged(1000.0 + offset)) == 1000.0 + offset
    now[0] = 1500.0
    assert clock.now() == 1500.0 + offset


def test_the_fastest_of_the_last_answers_tells_best():
    clock = LogClock(lambda: 1000.0)
    for delay in (2.0, 0.1, 5.0):
        clock.note(acknowledged(1060.0 - delay))
    assert clock.now() == pytest.approx(1059.9)


def test_a_clock_that_was_set_is_measured_anew():
    now = [1000.0]
    clock = LogClock(lambda: now[0])
    clock.note(acknowledged(1000.0))
    now[0] = 400.0
    for _ in range(32):
        clock.note(acknowledged(1000.0))
    assert clock.now() == 1000.0


def test_times_of_producers_say_nothing():
    clock = LogClock(lambda: 1000.0)
    assert clock.note(acknowledged(5000.0, timestamp_type=0)) is None
    assert clock.now() == 1000.0
