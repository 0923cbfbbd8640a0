"""A log through Kafka: every action once, in every store, whatever is killed on the way."""

import asyncio
import time
from collections import defaultdict
from uuid import uuid4

import aiohttp
import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from recomind.cli.import_videos import put_videos
from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.offline.datasets import read_actions
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.log_replay import encode, feed
from tests.acceptance import recount
from tests.conftest import SHARED, workers

FIRST = 100_000
"""Actions of the real log that are replayed."""

POISON = (
    b"x" * 10_000_000,
    b"",
    b"{",
    b"\xff\xfe",
    b'{"user_id":"u"}',
    b'{"user_id":"u","video_id":"v","action_type":"love"}',
)


async def assert_exact(settings, actions, within=150.0):
    expected = recount.by_video(actions)
    assert await recount.until_equal(lambda: recount.archived(settings), expected, within) == expected
    assert await recount.until_equal(lambda: recount.counted(settings), expected, within) == expected
    assert await recount.until_equal(lambda: recount.served(settings, expected), expected, within) == expected
    people = defaultdict(int)
    for action in actions:
        people[action.user_id] += 1
    assert await recount.until_equal(lambda: recount.per_person(settings), dict(people), within) == dict(people)
    await assert_nobody_sees_twice(settings, actions, within)


async def assert_nobody_sees_twice(settings, actions, within):
    """Lists come after the commit: in the end each counts all that its person did."""
    acted = defaultdict(set)
    for action in actions:
        acted[action.user_id].add(action.video_id)

    async def shown_again():
        lists = await recount.lists(settings, list(acted))
        return [user for user in acted if user not in lists or not acted[user].isdisjoint(lists[user])]

    assert await recount.until_equal(shown_again, [], within) == []


async def test_a_real_log_is_exact_though_a_worker_is_killed_and_another_comes(new_stack, tmp_path):
    folder = SHARED / "kuairand"
    if not folder.exists():
        pytest.skip("kuairand is not beside this checkout (../shared/data)")
    settings, actions = new_stack.settings, list(read_actions(folder, FIRST))
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        await put_videos(settings, folder)
        await feed(settings, actions[: FIRST // 2])
        feeding = asyncio.create_task(feed(settings, actions[FIRST // 2 :]))
        await asyncio.sleep(4)
        first.kill()
        await feeding
        second, third = start(), start()
        second.wait_ready()
        third.wait_ready()
        await assert_exact(settings, actions)
        await assert_a_like_changes_the_list(third.base, actions[-1].user_id)
        assert (second.stop(), third.stop()) == (0, 0)


async def assert_a_like_changes_the_list(base, user):
    async with aiohttp.ClientSession(base) as http:
        before = await (await http.get(f"/recommendations/{user}?n=50")).json()
        like = {"user_id": user, "video_id": before[0]["video_id"], "action_type": "like"}
        assert (await http.post("/video_action", json=like)).status == 202
        started = time.monotonic()
        while await (await http.get(f"/recommendations/{user}?n=50")).json() == before:
            assert time.monotonic() - started < 15.0
            await asyncio.sleep(0.02)


async def test_duplicates_wrong_keys_and_poison_lose_and_double_nothing(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(40, 100, 3)
    actions = list(reactions(audience, 4000))
    with workers(settings, tmp_path) as start:
        start().wait_ready()
        archive = Archive(settings.postgres_dsn)
        await archive.open()
        await archive.put_videos(audience.videos)
        await archive.close()
        await send_badly(settings, actions)
        await assert_exact(settings, actions)
        letters = await dead_letters(settings)
        assert sorted(letters.values()) == sorted(POISON)
        start().wait_ready()
        more = list(reactions(audience, 1000, seed=9))
        await feed(settings, more)
        await assert_exact(settings, [*actions, *more])


def reactions(audience, count, seed=8):
    rng = np.random.default_rng(seed)
    for at in range(count):
        person, video = audience.people[rng.integers(len(audience.people))], audience.pick_video()
        yield Action(person, video, audience.react(person, video), 1.7e9 + at, uuid4())


async def send_badly(settings, actions):
    """With a key, without one, with a wrong one, into any partition; every tenth twice; poison in between."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers, max_request_size=16_000_000)
    await producer.start()
    for number, action in enumerate(actions):
        key = (action.user_id.encode(), None, b"wrong")[number % 3]
        for _ in range(2 if number % 10 == 0 else 1):
            await producer.send(topics.ACTIONS, encode(action), key)
        if number % 600 == 0 and number // 600 < len(POISON):
            await producer.send(topics.ACTIONS, POISON[number // 600], action.user_id.encode())
    await producer.stop()


async def dead_letters(settings):
    """Origin to original."""
    consumer = AIOKafkaConsumer(
        topics.DEAD_LETTERS, bootstrap_servers=settings.kafka_brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    found = {}
    while len(found) < len(POISON):
        for records in (await asyncio.wait_for(consumer.getmany(timeout_ms=500), 20)).values():
            for record in records:
                assert dict(record.headers)["reason"]
                found[record.key] = record.value
    await consumer.stop()
    return found
