"""Videos are taken down while a worker is away, Redis is emptied and a worker is killed: no list shows them."""

import asyncio
import signal
from contextlib import suppress
from time import monotonic

import aiohttp
import pytest

from recomind.model.catalogue import Video
from recomind.stores.archive import Archive
from tests.faults.load import USERS, VIDEOS
from tests.faults.scenario import NOTES, flush, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REQUEST_TIMEOUT_S = 30.0

DONE_TIMEOUT_S = 40.0
"""A worker that was killed is waited for until the group has noticed."""


async def put_catalogue(settings):
    """The load's videos, each with one of ten tags; none of them hidden."""
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(
        Video(video_id=f"v{number}", title="T", tags=(f"t{number % 10}",), created_at=1.6e9) for number in range(VIDEOS)
    )
    await archive.close()


class Operator:
    """Takes videos down, by any worker that answers, and remembers which are down and which receipts there are."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.down, self.receipts = set(), []

    @property
    def running(self):
        return [one for one in self.scenario.workers if one.process.poll() is None]

    async def take_down(self, number):
        """Hide or delete `v<number>`; try again until it is confirmed."""
        video, deadline = f"v{number}", monotonic() + 60
        while True:
            assert monotonic() < deadline, "no worker takes a video down"
            with suppress(aiohttp.ClientError, TimeoutError):
                worker = self.running[number % len(self.running)]
                if receipt := await self._ask(worker, video, number):
                    self.down.add(video)
                    self.receipts.append((video, receipt))
                    return
            await asyncio.sleep(0.1)

    async def _ask(self, worker, video, number):
        async with self.session(worker) as http:
            if number % 2:
                async with http.delete(f"/videos/{video}") as answer:
                    return (await answer.json())["receipt"] if answer.status == 202 else None
            async with http.put(f"/videos/{video}", json={"title": "T", "hidden": True}) as answer:
                return answer.headers.get("X-RecoMind-Receipt") if answer.status == 200 else None

    async def pending(self):
        """What the changes wait for."""
        async with self.session(self.running[0]) as http:
            found = []
            for video, receipt in self.receipts:
                async with http.get(f"/videos/{video}/changes/{receipt}") as answer:
                    assert answer.status in {200, 503}
                    found += (await answer.json())["waits_for"] if answer.status == 200 else ["redis"]
            return found

    async def wait_until_done(self):
        since = monotonic()
        while waits_for := await self.pending():
            assert monotonic() < since + DONE_TIMEOUT_S, waits_for
            await asyncio.sleep(0.2)
        return monotonic() - since

    async def assert_gone(self):
        """No worker shows any of the videos."""
        for worker in self.running:
            async with self.session(worker) as http:
                paths = ["/trending?n=50", *(f"/trending?n=50&tag=t{number}" for number in range(10))]
                for path in paths + [f"/recommendations/u{number}?n=50" for number in range(USERS)]:
                    async with http.get(path) as answer:
                        shown = {one["video_id"] for one in await answer.json()}
                        assert answer.status == 200
                        assert not shown & self.down, (path, worker.base_url)

    def session(self, worker):
        return aiohttp.ClientSession(worker.base_url, timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S))


async def test_videos_are_taken_down_while_workers_come_and_go(fault_stack, tmp_path):
    await put_catalogue(fault_stack.settings)
    async with running_scenario(fault_stack, tmp_path, 3, seed=21) as scenario:
        operator = Operator(scenario)
        await asyncio.sleep(5)
        await scenario.stop(scenario.workers[:1])  # it is away
        for number in range(6):
            await operator.take_down(number)
        await flush(scenario.settings)
        for number in range(6, 10):
            await operator.take_down(number)
        doomed = operator.running[0]
        taking_down = asyncio.create_task(take_down_all(operator, range(10, 30)))
        await asyncio.sleep(0.3)
        doomed.kill()
        await taking_down
        await operator.assert_gone()
        await scenario.start(2)
        await operator.assert_gone()
        NOTES.append(
            f"30 videos taken down; done on all workers {await operator.wait_until_done():.1f} s after the last"
        )
        await operator.assert_gone()
    await put_catalogue(fault_stack.settings)


async def take_down_all(operator, numbers):
    for number in numbers:
        await operator.take_down(number)


async def test_a_change_waits_for_a_worker_that_stands_still(fault_stack, tmp_path):
    await put_catalogue(fault_stack.settings)
    async with running_scenario(fault_stack, tmp_path, 2, seed=22) as scenario:
        operator, still = Operator(scenario), scenario.workers[1]
        await asyncio.sleep(5)
        still.process.send_signal(signal.SIGSTOP)
        scenario.workers = scenario.workers[:1]
        await operator.take_down(0)
        waited_for = await operator.pending()  # before the group leaves the worker out
        await operator.take_down(2)
        await operator.assert_gone()
        still.process.send_signal(signal.SIGCONT)
        scenario.workers.append(still)
        assert any(one.endswith(f":{still.process.pid}") for one in waited_for)
        await asyncio.sleep(1)
        await operator.assert_gone()
        await operator.wait_until_done()
    await put_catalogue(fault_stack.settings)
