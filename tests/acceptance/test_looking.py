"""Those who look come first: a user on the page gets fresh lists while all users of an import wait for theirs."""

import asyncio

import aiohttp

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream.log_replay import replay_log
from tests.conftest import workers
from tests.faults.scenario import metric

IMPORTED = 3_000
ACTIONS = 4


async def test_a_user_on_the_page_has_fresh_lists_before_the_users_of_an_import(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(IMPORTED, 300)
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(audience.videos)
    await archive.close()
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        async with aiohttp.ClientSession(worker.base_url) as http:
            shown, _ = await ask(http, "looks")
            await replay_log(
                settings, [Action(user, "v1", "like", 1.7e9 + number) for number, user in enumerate(audience.users)]
            )
            await wait_for_queue(worker)
            liked = []
            for video in shown[:ACTIONS]:
                token = await like(http, "looks", video)
                liked.append(video)
                fresh, status = await ask_until_counted(http, "looks", token)
                assert status == "counted"
                assert set(liked).isdisjoint(fresh)
                assert await asyncio.to_thread(metric, worker, "recomind_pending_refreshes") > 0
            assert len(await listed(settings, audience.users)) < IMPORTED
            waiting = next(iter(set(audience.users) - await listed(settings, audience.users)))
            asked, _ = await ask(http, waiting)  # whoever asks does not wait, either
            assert asked
            assert "v1" not in asked
        assert worker.stop() == 0


async def wait_for_queue(worker):
    """Wait until most users of the import are folded, and wait for their lists."""
    async with asyncio.timeout(120):
        while await asyncio.to_thread(metric, worker, "recomind_actions_total") < IMPORTED:
            await asyncio.sleep(0.05)


async def like(http, user, video):
    body = {"user_id": user, "video_id": video, "action_type": "like"}
    async with http.post("/video_action", json=body) as answer:
        assert answer.status == 202
        return (await answer.json())["token"]


async def ask(http, user, **query):
    async with http.get(f"/recommendations/{user}", params={"n": 20, **query}) as answer:
        assert answer.status == 200
        return [video["video_id"] for video in await answer.json()], answer.headers.get("X-RecoMind-After")


async def ask_until_counted(http, user, token):
    """Repeat the request: a second may be too short on a busy machine."""
    for _ in range(30):
        videos, status = await ask(http, user, after=token)
        if status == "counted":
            break
    return videos, status


async def listed(settings, users):
    """The users who have a stored list."""
    model = ReadModel(RedisStore(settings.redis_url))
    try:
        return set(await model.lists_of(list(users)))
    finally:
        await model.store.close()
