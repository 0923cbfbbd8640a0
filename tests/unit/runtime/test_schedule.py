"""Timers: they run while the worker is ready, and survive errors."""

import asyncio
import time

import pytest

from recomind.errors import NewerEncodingError, UnavailableError
from recomind.model.signals import SourceOffset
from recomind.runtime.presence import Presence
from recomind.runtime.refresh_queue import RefreshQueue
from recomind.runtime.schedule import Schedule
from recomind.state.profile import Profile


class Timers:
    """A schedule whose loops are started by hand."""

    def __init__(self):
        self.loops, self.errors, self.fatal, self.is_ready = [], [], [], True
        self.schedule = Schedule(
            self.loops.append,
            is_ready=lambda: self.is_ready,
            should_stop=lambda: False,
            on_error=lambda: self.errors.append(1),
            on_fatal=self.fail,
        )

    async def fail(self, error):
        self.fatal.append(error)


@pytest.fixture
async def timers():
    made = Timers()
    running = []
    made.start = lambda: running.append(asyncio.create_task(made.loops[-1]()))
    yield made
    for task in running:
        task.cancel()


async def test_a_timer_with_an_event_sleeps_until_it_is_set(timers):
    event, was_set = asyncio.Event(), []
    queue = RefreshQueue(Presence(time.time), event.set)

    async def run():
        was_set.append(event.is_set())
        event.clear()

    timers.schedule.add(0.001, run, "run", event)
    timers.start()
    await asyncio.sleep(0.02)
    assert was_set == []
    queue.add(0, {"u": Profile()}, [SourceOffset(0, 5)])
    await asyncio.sleep(0.02)
    assert was_set == [True]


async def test_a_timer_does_not_run_before_the_worker_is_ready(timers):
    calls = []

    async def run():
        calls.append(1)

    timers.is_ready = False
    timers.schedule.add(0.001, run, "run")
    timers.start()
    await asyncio.sleep(0.02)
    assert calls == []
    timers.is_ready = True
    await asyncio.sleep(0.02)
    assert calls


@pytest.mark.parametrize(
    ("error", "counted", "fatal"),
    [
        (UnavailableError("Redis", OSError("away")), False, False),
        (ValueError("a defect"), True, False),
        (NewerEncodingError("Redis", "2", 1), False, True),
    ],
)
async def test_a_timer_runs_again_after_an_error(timers, error, counted, fatal):
    calls = []

    async def run():
        calls.append(1)
        raise error

    timers.schedule.add(0.001, run, "run")
    timers.start()
    await asyncio.sleep(0.05)
    assert len(calls) > 1
    assert (bool(timers.errors), bool(timers.fatal)) == (counted, fatal)


async def test_the_time_of_the_log_is_followed_also_while_the_worker_is_not_ready(timers):
    timers.is_ready, told = False, []
    times = iter((5.0, 6.0, 7.0))
    timers.schedule.follow_log_time(told.append, lambda: next(times, 8.0))
    timers.start()
    async with asyncio.timeout(10):
        while len(told) < 3:
            await asyncio.sleep(0.01)
    assert told[:3] == [5.0, 6.0, 7.0]
