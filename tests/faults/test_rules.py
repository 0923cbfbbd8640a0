"""Rules and metadata of users change while workers are away, stand still and are killed, and Redis is emptied."""

import asyncio
import signal
from contextlib import suppress
from time import monotonic

import aiohttp
import pytest

from tests.faults.load import USERS
from tests.faults.scenario import NOTES, flush, running_scenario
from tests.faults.test_takedown import REQUEST_TIMEOUT_S, put_catalogue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MAX_DELAY_S = 2.0
"""Time after which a rule acts on every worker that runs."""


class Operator:
    """Puts rules and metadata by any worker that answers, and checks the lists of all."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.filtered, self.blocked = set(), {}
        """Tags that a rule filters out, and users to the tag that they block."""

    @property
    def running(self):
        return [one for one in self.scenario.workers if one.process.poll() is None]

    async def filter(self, tag):
        rule = {"action": "filter", "where": f"tag:{tag}"}
        await self._until_accepted("PUT", f"/rules/no-{tag}", rule)
        self.filtered.add(tag)

    async def allow(self, tag):
        await self._until_accepted("DELETE", f"/rules/no-{tag}", None)
        self.filtered.discard(tag)

    async def block(self, user, tag):
        await self._until_accepted("PUT", f"/users/{user}", {"blocked_tags": [tag]})
        self.blocked[user] = tag

    async def _until_accepted(self, method, path, body):
        """Try again until a worker has confirmed it; a rule that is deleted already is confirmed, too."""
        deadline = monotonic() + 60
        while True:
            assert monotonic() < deadline, f"no worker accepts {method} {path}"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self._session(self.running[0]) as http, http.request(method, path, json=body) as answer:
                    if answer.status in {200, 404}:
                        return
            await asyncio.sleep(0.1)

    async def violations(self, workers=None, users=("", *(f"u{number}" for number in range(USERS)))):
        """(worker, path, tag) of each list that holds a tag which it may not; of all running workers by default."""
        found = []
        for worker in workers or self.running:
            async with self._session(worker) as http:
                for user in users:
                    path = f"/recommendations/{user}?n=50" if user else "/trending?n=50"
                    async with http.get(path) as answer:
                        assert answer.status == 200
                        tags = {tag for video in await answer.json() for tag in video["tags"]}
                    forbidden = self.filtered | {self.blocked[user]} if user in self.blocked else self.filtered
                    found += [(worker.base_url, path, tag) for tag in tags & forbidden]
        return found

    async def assert_obeyed(self):
        """After the delay, no worker breaks a rule."""
        await asyncio.sleep(MAX_DELAY_S)
        assert await self.violations() == []

    def _session(self, worker):
        return aiohttp.ClientSession(worker.base_url, timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S))


async def test_rules_act_on_workers_that_were_away(fault_stack, tmp_path):
    await put_catalogue(fault_stack.settings)
    async with running_scenario(fault_stack, tmp_path, 3, seed=31) as scenario:
        operator = Operator(scenario)
        await asyncio.sleep(5)
        await operator.assert_obeyed()  # so that lists are stored
        await scenario.stop(scenario.workers[:1])  # it is away
        await operator.filter("t1")
        await operator.block("u1", "t2")
        await operator.assert_obeyed()
        await flush(scenario.settings)
        await operator.filter("t3")
        await operator.block("u2", "t4")
        operator.running[-1].kill()
        await operator.assert_obeyed()
        await scenario.start(2)
        await operator.assert_obeyed()
        await operator.allow("t1")
        await operator.filter("t5")
        await operator.assert_obeyed()
        for tag in ("t3", "t5"):
            await operator.allow(tag)
    await put_catalogue(fault_stack.settings)


async def test_a_worker_that_stood_still_follows_what_it_missed(fault_stack, tmp_path):
    await put_catalogue(fault_stack.settings)
    async with running_scenario(fault_stack, tmp_path, 2, seed=32) as scenario:
        operator, still = Operator(scenario), scenario.workers[1]
        await asyncio.sleep(5)
        still.process.send_signal(signal.SIGSTOP)
        scenario.workers = scenario.workers[:1]
        await operator.filter("t6")
        await operator.block("u3", "t7")
        still.process.send_signal(signal.SIGCONT)
        scenario.workers.append(still)
        since = monotonic()
        while await operator.violations([still], ["u3"]):
            assert monotonic() < since + 10
        NOTES.append(f"a worker that stood still obeys the rules that it missed {monotonic() - since:.1f} s later")
        assert await operator.violations() == []
        await operator.allow("t6")
    await put_catalogue(fault_stack.settings)
