"""Idle work takes half of what is spare, and its own processor time is no load."""

import pytest

from recomind.runtime.idle_time import MAX_SHARE, MIN_SHARE, MIN_SHARE_OF_MACHINE, WINDOW_S, IdleTime, Load, load_meter


def share_after(load, worked_s=0.0):
    """The share of time that idle work gets, after a window with this load and so many seconds of idle work."""
    now = [0.0]
    idle = IdleTime(lambda: load, cores=2, clock=lambda: now[0])
    idle.pause_after(worked_s)
    now[0] = WINDOW_S
    idle.pause_after(0.0)
    return 1 / (1 + idle.pause_after(1.0))


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(0.0, 0.0), MAX_SHARE),
        (Load(0.6, 0.3), 0.2),
        (Load(1.0, 0.5), MIN_SHARE),
        (Load(0.0, 1.0), MIN_SHARE_OF_MACHINE),
        (Load(0.0, 0.4), 0.3),
    ],
)
def test_the_share_follows_from_the_load(load, expected):
    assert share_after(load) == pytest.approx(expected)


def test_idle_work_itself_is_no_load():
    assert share_after(Load(0.5, 0.25), worked_s=WINDOW_S / 2) == pytest.approx(MAX_SHARE)


def test_the_load_of_this_process_is_measured():
    measure = load_meter()
    sum(range(1_000_000))
    load = measure()
    assert load.process >= 0
    assert 0 <= load.machine <= 1
