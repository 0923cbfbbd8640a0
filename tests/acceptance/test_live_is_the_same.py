"""Live is the same: the topology and the engine make the same lists of the same log."""

import asyncio

import aiohttp
import numpy as np
from redis import asyncio as redis

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.signals import Origin
from recomind.offline.engine import Engine
from recomind.recommender.index.top_lists import KEEP
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream.log_replay import feed
from recomind.stream.partitioner import partition_of
from tests.acceptance import recount
from tests.conftest import workers

SHOWN = 10


async def test_the_live_topology_and_the_engine_give_everybody_the_same_list(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(30, 120, 5)
    actions = list(reactions(audience, 3000))
    await put_videos(settings, audience)
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await feed(settings, actions)
        expected = recount.by_video(actions)
        assert await recount.until_equal(lambda: recount.served(settings, expected), expected, 60) == expected
        await until_everything_is_learned(worker.base)
        await asyncio.sleep(2 * settings.read_model_ttl)  # no figure at hand is older than the last action
        await forget_lists(settings, audience.people)
        live = await lists(worker.base, audience.people)
        engine = await the_same_in_one_process(settings, audience, actions)
    for person in audience.people:
        assert live[person] == [pick.video_id for pick in engine.recommend(person, settings.slate_size).picks][:SHOWN]


def reactions(audience, count):
    """Actions, a minute apart, more on the first videos than on the last."""
    rng = np.random.default_rng(11)
    for at in range(count):
        person = audience.people[rng.integers(len(audience.people))]
        video = audience.videos[int(len(audience.videos) * rng.random() ** 2)].video_id
        yield Action(person, video, audience.react(person, video), 1.7e9 + 60.0 * at)


async def put_videos(settings, audience):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(audience.videos)
    await archive.close()


async def until_everything_is_learned(base):
    """The blend has taken in what it will: its count of lessons stands still."""
    before = -1.0
    while (lessons := await metric(base, "recomind_lessons_total")) != before:
        before = lessons
        await asyncio.sleep(2)


async def metric(base, name):
    async with aiohttp.ClientSession(base) as http:
        text = await (await http.get("/metrics")).text()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


async def forget_lists(settings, people):
    connection = redis.Redis.from_url(settings.redis_url)
    await connection.delete(
        *(name(person) for person in people for name in (keys.recommendations, keys.recommendations_meta))
    )
    await connection.aclose()


async def lists(base, people):
    async with aiohttp.ClientSession(base) as http:
        found = {}
        for person in people:
            answer = await http.get(f"/recommendations/{person}", params={"n": SHOWN})
            found[person] = [video["video_id"] for video in await answer.json()]
    return found


async def the_same_in_one_process(settings, audience, actions):
    """The engine after the same log, with what the live blend has learned, as its own lessons come in another order."""
    engine, read_model = Engine(learning=False), ReadModel(RedisValues(settings.redis_url))
    for video in audience.videos:
        engine.put_video(video)
    for number, action in enumerate(actions):
        engine.observe(action, Origin(partition_of(action.user_id, settings.partitions), number))
    [engine.weights] = await read_model.weights(settings.partitions)
    await read_model.values.close()
    engine.refresh()
    for _ in range(KEEP):
        engine.index.heads.touch(0)
    return engine
