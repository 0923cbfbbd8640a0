"""The short form: what breaks inside a worker, and a worker killed as Redis is emptied. Nothing is lost, none hangs."""

import asyncio
from dataclasses import replace
from time import monotonic

import pytest

from recomind.dev.simulator import Audience
from recomind.stream.log_replay import feed
from tests.acceptance.test_exactness import reactions
from tests.conftest import Worker
from tests.faults.scene import flush, metric, scene

PATIENCE = 4.0
"""Seconds of the watchdog's timeout."""


@pytest.fixture
def broken(faulty, tmp_path):
    """Starts a worker that is broken in some way; each is ended."""
    started = []

    def start(kind):
        settings = replace(faulty.settings, watchdog_timeout=PATIENCE)
        started.append(Worker(settings, tmp_path / f"{kind}.log", "tests.faults.broken", kind))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        pytest.param("raises", "broken on purpose", id="an agent raises"),
        pytest.param("hangs", "nothing was committed for 4 s", id="an agent hangs"),
        pytest.param("blocks", "the event loop stands still", id="an agent blocks the event loop"),
    ],
)
async def test_a_broken_worker_ends_and_commits_nothing_of_what_it_broke_on(faulty, broken, kind, told):
    worker = broken(kind)
    await feed(faulty.settings, list(reactions(Audience(20, 50, 3), 100, seed=len(kind))))
    assert await asyncio.to_thread(worker.process.wait, 120) == 1
    assert told in worker.log.read_text()


async def test_a_timer_that_raises_is_counted_and_the_worker_goes_on(broken):
    worker = broken("timer")
    await asyncio.to_thread(worker.wait_ready, 120)
    deadline = monotonic() + 60
    while await asyncio.to_thread(metric, worker, "recomind_timer_errors_total") < 3:
        assert monotonic() < deadline
        await asyncio.sleep(0.1)
    await asyncio.to_thread(worker.wait_ready, 5)


async def test_a_worker_is_killed_as_redis_is_emptied(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=12) as stage:
        stage.workers[0].kill()
        await flush(faulty.settings)
        await stage.well_again("a worker of two is killed as Redis is emptied", 30)
