"""Takedowns that pages are told of."""

import math

import pytest

from recomind.stores.takedown_log import OVERLAP_S, RETENTION_S, TakedownLog


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def log(clock):
    return TakedownLog(lambda: clock[0])


def test_each_takedown_is_told_once_and_to_new_streams_for_an_hour(log, clock):
    assert log.since(0) == (0, [])
    log.note("a")
    log.note("b")
    assert log.since(0) == (2, ["a", "b"])
    log.note("c")
    log.note("a")
    assert log.since(2) == (4, ["c", "a"])
    assert log.since(4) == (4, [])
    clock[0] = RETENTION_S + 1
    assert log.since(0) == (4, [])


def test_a_video_that_has_returned_is_not_told(log):
    log.note("a")
    assert "a" in log
    log.forget("a")
    log.forget("unknown")
    assert "a" not in log
    assert log.since(0) == (1, [])
    log.note("a")
    assert log.since(1) == (2, ["a"])


def test_none_of_many_takedowns_is_cut_off(log):
    many = [f"v{number}" for number in range(20_000)]
    for video_id in many:
        log.note(video_id)
    assert log.since(0) == (20_000, many)
    assert log.within(math.inf) == many
    assert log.since(19_990) == (20_000, many[-10:])


def test_old_takedowns_leave_memory_and_the_numbers_stay(log, clock):
    for number in range(100):
        log.note(f"v{number}")
    log.note("again")
    clock[0] = RETENTION_S / 2
    log.note("again")
    told, _ = log.since(0)
    clock[0] = RETENTION_S + 1
    log.note("b")
    assert (len(log._ids), len(log._times), set(log._numbers)) == (2, 2, {"again", "b"})
    assert log.since(told) == (103, ["b"])
    assert log.since(0) == (103, ["again", "b"])
    assert log.within(math.inf) == ["again", "b"]


def test_a_poll_is_told_of_takedowns_since_the_one_before_with_an_overlap(log, clock):
    log.note("a")
    clock[0] = OVERLAP_S + 4
    log.note("b")
    log.note("returned")
    log.forget("returned")
    clock[0] = OVERLAP_S + 5
    assert log.within(3.0) == ["b"]
    assert log.within(6.0) == ["a", "b"]
    assert log.within(-1e9) == ["b"]  # the other worker's clock is ahead
    assert log.within(math.inf) == ["a", "b"]
    clock[0] = RETENTION_S + 1
    assert log.within(math.inf) == ["b"]


def test_takedowns_from_before_the_start_have_their_age(log, clock):
    heard = []
    log.listeners.append(lambda: heard.append(1))
    for video_id, age in (("a", 900.0), ("b", 100.0), ("late", 200.0), ("soon", -5.0)):
        log.note(video_id, age)
    assert log.since(0) == (4, ["a", "b", "late", "soon"])
    assert log.within(30.0) == ["soon"]
    assert log.within(50.0) == ["b", "late", "soon"]
    clock[0] = RETENTION_S - 800
    assert log.since(0) == (4, ["b", "late", "soon"])
    assert len(heard) == 4
