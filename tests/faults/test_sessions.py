"""A user scrolls, and sessions are merged, while workers are killed, join and leave, and Redis is emptied or away."""

import asyncio
from contextlib import suppress
from time import monotonic
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from recomind.model.catalogue import Video
from recomind.stores.archive import Archive
from tests.faults.scenario import NOTES, flush, new_user, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PAGE = 20
VIDEOS = [f"session-{number}" for number in range(6_000)]
PAGE_TIMEOUT_S = 60.0
LIKES_PER_PAGE = 2


class Scrolling:
    """A user who scrolls, and likes some of what is shown; a page without an answer is asked for again."""

    def __init__(self, scenario):
        self.scenario, self.user, self.cursor = scenario, new_user(1), ""
        self.shown, self.acted_on, self.repeats, self.seen_before = set(), set(), [], []
        self.times, self.marked = [], 0

    async def run(self, pages):
        for _ in range(pages):
            started = monotonic()
            page = await self.page(self.cursor)
            self.times.append(monotonic() - started)
            videos = [video["video_id"] for video in page["videos"]]
            assert len(videos) == PAGE, page
            self.repeats += self.shown.intersection(videos)
            self.seen_before += self.acted_on.intersection(videos)
            self.shown.update(videos)
            self.marked += page["may_repeat"]
            await self.like(videos[:LIKES_PER_PAGE])
            self.cursor = page["cursor"]

    async def page(self, cursor):
        deadline = monotonic() + PAGE_TIMEOUT_S
        while True:
            assert monotonic() < deadline, "no worker hands out a page"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with (
                    self.session() as http,
                    http.get(f"/feed/{self.user}", params={"cursor": cursor, "n": PAGE}) as answer,
                ):
                    if answer.status == 200:
                        return await answer.json()
                    assert answer.status == 503, await answer.text()
            await asyncio.sleep(0.1)

    async def like(self, videos):
        self.acted_on.update(videos)
        body = [{"user_id": self.user, "video_id": video, "action_type": "like"} for video in videos]
        with suppress(aiohttp.ClientError, TimeoutError):  # they count or not; the session has shown them anyway
            async with self.session() as http, http.post("/video_actions", json=body):
                pass

    def session(self):
        """A connection to a worker, another one each time."""
        running = [one for one in self.scenario.workers if one.process.poll() is None]
        worker = running[int(monotonic() * 50) % len(running)]
        return aiohttp.ClientSession(worker.base_url, timeout=aiohttp.ClientTimeout(total=5))


async def test_no_video_comes_twice_in_a_session(fault_stack, tmp_path):
    archive = Archive(fault_stack.settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(
        Video(video_id=one, title="T", tags=(f"t{at % 30}",), created_at=1.6e9 + at) for at, one in enumerate(VIDEOS)
    )
    await archive.close()
    async with running_scenario(fault_stack, tmp_path, 2, per_second=50, seed=31) as scenario:
        scrolling = Scrolling(scenario)
        await scrolling.run(40)
        calm = sorted(scrolling.times)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scrolling.run(40))
            await asyncio.sleep(0.3)
            scenario.workers[0].kill()
            await flush(scenario.settings)
        await scrolling.run(10)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scrolling.run(40))
            tasks.create_task(scenario.start(2))
        fault_stack.redis.stop()
        await scrolling.run(20)
        fault_stack.redis.start()
        fault_stack.redis.wait_ready()
        await scrolling.run(20)
        await scenario.stop([one for one in scenario.workers if one.process.poll() is None])
        await scenario.start(2)
        await scrolling.run(30)
        NOTES.append(
            f"{len(scrolling.shown):,} videos in a feed session; a page in {1000 * calm[len(calm) // 2]:.0f} ms "
            f"(median) and {1000 * calm[-1]:.0f} ms at most before the faults, {max(scrolling.times):.1f} s at most"
        )
        assert (scrolling.repeats, scrolling.seen_before, scrolling.marked) == ([], [], 0)
        again = await scrolling.page(scrolling.cursor)
        assert not scrolling.shown & {video["video_id"] for video in again["videos"]}


async def test_sessions_are_merged_while_a_worker_is_killed_and_redis_is_emptied(fault_stack, tmp_path):
    sessions, actions = [f"session:{uuid4()}" for _ in range(8)], 40
    users = [new_user(number % 4) for number in range(4)]
    async with running_scenario(fault_stack, tmp_path, 2, per_second=50, seed=32) as scenario:
        merging = Merging(scenario)
        for session in sessions:
            await merging.post("/video_actions", act_on(session, range(actions)))
        for user in users:
            await merging.post("/video_actions", act_on(user, range(0, 2 * actions, 2)))
        for number, session in enumerate(sessions[:4]):
            await merging.merge(users[number % 4], session)
        scenario.workers[0].kill()
        await flush(scenario.settings)
        for number, session in enumerate(sessions[4:]):
            await merging.merge(users[number % 4], session)
        since = monotonic()
        await scenario.start(1)
        await merging.wait_until_done(sessions[4:])
        NOTES.append(f"8 sessions merged over a kill and an empty Redis, the last {monotonic() - since:.1f} s later")
        for user in users:
            profile = await merging.get(f"/users/{user}/profile")
            assert profile["likes"] == 3 * actions
        for session in sessions:
            assert (await merging.get(f"/users/{session}/profile"))["likes"] == 0
        connection = await asyncpg.connect(scenario.settings.postgres_dsn)
        count = "SELECT user_id, count(*) FROM video_actions WHERE user_id = ANY($1) GROUP BY 1"
        rows = dict(await connection.fetch(count, users + sessions))
        await connection.close()
        assert rows == dict.fromkeys(users, 3 * actions)


def act_on(user, numbers):
    return [{"user_id": user, "video_id": f"session-{number}", "action_type": "like"} for number in numbers]


class Merging:
    """Merges sessions by any worker that answers."""

    def __init__(self, scenario):
        self.scenario, self.receipts = scenario, {}

    async def merge(self, user, session):
        self.receipts[session] = await self.post(f"/users/{user}/merge", {"session": session})

    async def wait_until_done(self, sessions):
        deadline = monotonic() + PAGE_TIMEOUT_S
        paths = ["/users/{user_id}/merge/{session}/{receipt}".format(**self.receipts[one]) for one in sessions]
        while waiting := [one for path in paths for one in (await self.get(path))["waits_for"]]:
            assert monotonic() < deadline, waiting
            await asyncio.sleep(0.5)

    async def post(self, path, body):
        return await self.ask("POST", path, json=body)

    async def get(self, path):
        return await self.ask("GET", path)

    async def ask(self, method, path, **options):
        deadline = monotonic() + PAGE_TIMEOUT_S
        while True:
            assert monotonic() < deadline, path
            with suppress(aiohttp.ClientError, TimeoutError):
                running = [one for one in self.scenario.workers if one.process.poll() is None]
                worker = running[int(monotonic() * 50) % len(running)]
                async with (
                    aiohttp.ClientSession(worker.base_url, timeout=aiohttp.ClientTimeout(total=10)) as http,
                    http.request(method, path, **options) as answer,
                ):
                    if answer.status < 300:
                        return await answer.json()
                    assert answer.status == 503, await answer.text()
            await asyncio.sleep(0.2)
