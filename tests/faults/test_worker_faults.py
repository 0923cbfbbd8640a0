"""The short fault suite: faults inside a worker, and a worker killed as Redis is emptied. Nothing is lost or hangs."""

import asyncio
from dataclasses import replace
from time import monotonic

import pytest

from recomind.dev.simulator import Audience
from recomind.stream.log_replay import replay_log
from tests.acceptance.test_exactness import simulated_actions
from tests.conftest import Worker
from tests.faults.scenario import flush, metric, running_scenario

WATCHDOG_TIMEOUT_S = 4.0


@pytest.fixture
def start_faulty_worker(fault_stack, tmp_path):
    """A function that starts a faulty worker; all are killed at the end."""
    started = []

    def start(kind):
        settings = replace(fault_stack.settings, watchdog_timeout=WATCHDOG_TIMEOUT_S)
        started.append(Worker(settings, tmp_path / f"{kind}.log", "tests.faults.faulty_worker", kind))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param("raises", "broken on purpose", id="an agent raises"),
        pytest.param("hangs", "nothing was committed for 4 s", id="an agent hangs"),
        pytest.param("blocks", "the event loop was blocked for 4 s", id="an agent blocks the event loop"),
    ],
)
async def test_a_faulty_worker_exits_and_commits_nothing_of_the_batch_that_failed(
    fault_stack, start_faulty_worker, kind, message
):
    worker = start_faulty_worker(kind)
    await replay_log(fault_stack.settings, list(simulated_actions(Audience(20, 50, 3), 100, seed=len(kind))))
    assert await asyncio.to_thread(worker.process.wait, 120) == 1
    assert message in worker.log.read_text()


async def test_a_timer_that_raises_is_counted_and_the_worker_continues(start_faulty_worker):
    worker = start_faulty_worker("timer")
    await asyncio.to_thread(worker.wait_ready, 120)
    deadline = monotonic() + 60
    while await asyncio.to_thread(metric, worker, "recomind_timer_errors_total") < 3:
        assert monotonic() < deadline
        await asyncio.sleep(0.1)
    await asyncio.to_thread(worker.wait_ready, 5)


async def test_a_worker_is_killed_as_redis_is_emptied(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=12) as scenario:
        scenario.workers[0].kill()
        await flush(fault_stack.settings)
        await scenario.wait_until_recovered("a worker of two is killed as Redis is emptied", 30)
