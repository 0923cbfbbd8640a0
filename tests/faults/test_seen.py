"""A user scrolls through 10,000 videos while workers are killed, join, leave and restart: none is shown twice."""

import asyncio
from contextlib import suppress
from time import monotonic

import aiohttp
import pytest

from recomind.model.catalogue import Video
from recomind.stores.archive import Archive
from tests.faults.scenario import NOTES, flush, new_user, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SCROLLED = 10_000
VIDEOS = [f"scroll-{number}" for number in range(SCROLLED + 500)]
ROUND_TIMEOUT_S = 90.0


class Scrolling:
    """A user who acts on every video that is shown."""

    def __init__(self, scenario):
        self.scenario, self.user = scenario, new_user(0)
        self.seen, self.token, self.repeats, self.slowest_s = set(), None, [], 0.0

    async def run(self, until):
        """Scroll until so many videos have been shown."""
        while len(self.seen) < until:
            started = monotonic()
            shown = await self.list()
            self.repeats += self.seen.intersection(shown)
            self.seen.update(shown)
            await self.act_on(shown)
            self.slowest_s = max(self.slowest_s, monotonic() - started)

    async def list(self):
        """The user's list, once it counts all actions."""
        deadline = monotonic() + ROUND_TIMEOUT_S
        query = {"n": 50} if self.token is None else {"n": 50, "after": self.token}
        while True:
            assert monotonic() < deadline, "there is no list"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.session() as http, http.get(f"/recommendations/{self.user}", params=query) as answer:
                    found = [video["video_id"] for video in await answer.json()] if answer.status == 200 else []
                    if found and answer.headers.get("X-RecoMind-After", "counted") == "counted":
                        return found
            await asyncio.sleep(0.05)

    async def act_on(self, shown):
        kinds = ("view", "like", "skip")
        body = [
            {"user_id": self.user, "video_id": video, "action_type": kinds[at % 3]} for at, video in enumerate(shown)
        ]
        deadline = monotonic() + ROUND_TIMEOUT_S
        while True:
            assert monotonic() < deadline, "no worker takes the actions"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.session() as http, http.post("/video_actions", json=body) as answer:
                    if answer.status == 202:
                        self.token = answer.headers["X-RecoMind-Token"]
                        return
            await asyncio.sleep(0.1)

    def session(self):
        """A connection to a worker, another one each time."""
        running = [one for one in self.scenario.workers if one.process.poll() is None]
        worker = running[(len(self.seen) // 50 + int(monotonic() * 20)) % len(running)]
        return aiohttp.ClientSession(worker.base_url, timeout=aiohttp.ClientTimeout(total=5))


async def test_no_video_is_shown_twice_in_10000(fault_stack, tmp_path):
    archive = Archive(fault_stack.settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(
        Video(video_id=one, title="T", tags=(f"t{at % 30}",), created_at=1.6e9 + at) for at, one in enumerate(VIDEOS)
    )
    await archive.close()
    async with running_scenario(fault_stack, tmp_path, 2, per_second=50, seed=11) as scenario:
        scrolling = Scrolling(scenario)
        await scrolling.run(2_000)
        scenario.workers[0].kill()
        await scrolling.run(4_000)
        await scenario.start(2)
        await scrolling.run(6_000)
        await scenario.stop([one for one in scenario.workers if one.process.poll() is None])
        await scenario.start(2)
        await scrolling.run(8_000)
        await flush(scenario.settings)
        await scrolling.run(SCROLLED)
        NOTES.append(f"{len(scrolling.seen):,} videos shown to a user, the slowest list in {scrolling.slowest_s:.1f} s")
        assert scrolling.repeats == []
