"""Live workers and the offline engine produce the same lists from the same log."""

import asyncio
from dataclasses import replace

import aiohttp
import numpy as np
from redis import asyncio as redis

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.index.top_lists import CHANGES_PER_REFRESH
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream.log_replay import replay_log
from recomind.stream.partitioner import partition_of
from tests.acceptance import recount
from tests.conftest import workers

LIST_SIZE = 10


async def test_live_workers_and_the_engine_give_every_user_the_same_list(new_stack, tmp_path):
    settings, audience = replace(new_stack.settings, exploration=0.0), Audience(30, 120, 5)
    actions = list(simulated_actions(audience, 3000))
    await put_videos(settings, audience)
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await replay_log(settings, actions)
        expected = recount.counts_by_video(actions)
        assert (
            await recount.wait_until_equal(lambda: recount.redis_counts(settings, expected), expected, 60) == expected
        )
        await wait_until_training_is_done(worker.base_url)
        await asyncio.sleep(2 * settings.read_model_ttl)  # no cached value is older than the last action
        await delete_lists(settings, audience.users)
        live = await lists(worker.base_url, audience.users)
        engine = await offline_engine(settings, audience, actions)
    for user in audience.users:
        assert live[user] == [pick.video_id for pick in engine.recommend(user, settings.slate_size).picks][:LIST_SIZE]


def simulated_actions(audience, count):
    """Actions one minute apart, more on the first videos than on the last."""
    rng = np.random.default_rng(11)
    for at in range(count):
        user = audience.users[rng.integers(len(audience.users))]
        video = audience.videos[int(len(audience.videos) * rng.random() ** 2)].video_id
        yield Action(user, video, audience.react(user, video), 1.7e9 + 60.0 * at)


async def put_videos(settings, audience):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(audience.videos)
    await archive.close()


async def wait_until_training_is_done(base_url):
    """Wait until the number of training steps stands still."""
    before = -1.0
    while (steps := await metric(base_url, "recomind_training_steps_total")) != before:
        before = steps
        await asyncio.sleep(2)


async def metric(base_url, name):
    async with aiohttp.ClientSession(base_url) as http:
        text = await (await http.get("/metrics")).text()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


async def delete_lists(settings, users):
    connection = redis.Redis.from_url(settings.redis_url)
    await connection.delete(
        *(name(user) for user in users for name in (keys.recommendations, keys.recommendations_meta))
    )
    await connection.aclose()


async def lists(base_url, users):
    async with aiohttp.ClientSession(base_url) as http:
        found = {}
        for user in users:
            answer = await http.get(f"/recommendations/{user}", params={"n": LIST_SIZE})
            found[user] = [video["video_id"] for video in await answer.json()]
    return found


async def offline_engine(settings, audience, actions):
    """The engine after the same log, with the live weights: its own training steps would have another order."""
    engine, read_model = Engine(exploration=0.0, learning=False), ReadModel(RedisStore(settings.redis_url))
    for video in audience.videos:
        engine.put_video(video)
    for number, action in enumerate(actions):
        engine.observe(action, SourceOffset(partition_of(action.user_id, settings.partitions), number))
    [engine.weights] = await read_model.weights(settings.partitions)
    await read_model.store.close()
    engine.refresh()
    for _ in range(CHANGES_PER_REFRESH):
        engine.index.top_lists.mark_changed(0)
    return engine
