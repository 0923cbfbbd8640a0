"""Every action of a log is counted once in every store, although workers are killed."""

import asyncio
import time
from collections import defaultdict
from uuid import uuid4

import aiohttp
import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from recomind.cli.import_videos import import_folder
from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.offline.datasets import read_actions
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.dead_letters import MAX_ORIGINAL_BYTES
from recomind.stream.log_replay import encode_action, replay_log
from tests.acceptance import recount
from tests.conftest import SHARED, workers

ACTION_COUNT = 70_000
"""Actions of the real log that are replayed."""

INVALID_RECORDS = (
    b"x" * 10_000_000,
    b"",
    b"{",
    b"\xff\xfe",
    b'{"user_id":"u"}',
    b'{"user_id":"u","video_id":"v","action_type":"love"}',
)


async def assert_exact(settings, actions, within=150.0):
    expected = recount.counts_by_video(actions)
    assert await recount.wait_until_equal(lambda: recount.archived_counts(settings), expected, within) == expected
    assert await recount.wait_until_equal(lambda: recount.table_counts(settings), expected, within) == expected
    assert (
        await recount.wait_until_equal(lambda: recount.redis_counts(settings, expected), expected, within) == expected
    )
    totals = defaultdict(int)
    for action in actions:
        totals[action.user_id] += 1
    assert await recount.wait_until_equal(lambda: recount.actions_per_user(settings), dict(totals), within) == dict(
        totals
    )
    await assert_no_list_repeats_a_video(settings, actions, within)


async def assert_no_list_repeats_a_video(settings, actions, within):
    """Lists are stored, or outdated ones dropped, after the commit: in the end each counts all actions of its user."""
    acted = defaultdict(set)
    for action in actions:
        acted[action.user_id].add(action.video_id)

    async def users_with_outdated_lists():
        lists = await recount.stored_lists(settings, list(acted))
        return [user for user, listed in lists.items() if not acted[user].isdisjoint(listed)]

    assert await recount.wait_until_equal(users_with_outdated_lists, [], within) == []


async def test_a_real_log_is_counted_exactly_when_a_worker_is_killed_and_others_start(new_stack, tmp_path):
    folder = SHARED / "kuairand"
    if not folder.exists():
        pytest.skip("kuairand is not beside this checkout (../shared/data)")
    settings, actions = new_stack.settings, list(read_actions(folder, ACTION_COUNT))
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        await import_folder(settings, folder)
        await replay_log(settings, actions[: ACTION_COUNT // 2])
        feeding = asyncio.create_task(replay_log(settings, actions[ACTION_COUNT // 2 :]))
        await asyncio.sleep(4)
        first.kill()
        await feeding
        second, third = start(), start()
        second.wait_ready()
        third.wait_ready()
        await assert_exact(settings, actions)
        await assert_lists_that_are_asked_for_repeat_no_video(third.base_url, actions)
        await assert_a_like_changes_the_list(third.base_url, actions[-1].user_id)
        assert (second.stop(), third.stop()) == (0, 0)


async def assert_lists_that_are_asked_for_repeat_no_video(base, actions):
    """Most users have no stored list, as nobody has asked for it: it is made when it is asked for."""
    acted = defaultdict(set)
    for action in actions:
        acted[action.user_id].add(action.video_id)
    async with aiohttp.ClientSession(base) as http:
        for user in sorted(acted)[::100]:
            listed = await (await http.get(f"/recommendations/{user}?n=50")).json()
            assert len(listed) == 50
            assert acted[user].isdisjoint(video["video_id"] for video in listed)


async def assert_a_like_changes_the_list(base, user):
    async with aiohttp.ClientSession(base) as http:
        before = await (await http.get(f"/recommendations/{user}?n=50")).json()
        like = {"user_id": user, "video_id": before[0]["video_id"], "action_type": "like"}
        assert (await http.post("/video_action", json=like)).status == 202
        started = time.monotonic()
        while await (await http.get(f"/recommendations/{user}?n=50")).json() == before:
            assert time.monotonic() - started < 15.0
            await asyncio.sleep(0.02)


async def test_duplicates_wrong_keys_and_invalid_records_lose_and_double_nothing(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(40, 100, 3)
    actions = list(simulated_actions(audience, 4000))
    with workers(settings, tmp_path) as start:
        start().wait_ready()
        archive = Archive(settings.postgres_dsn)
        await archive.open()
        await archive.put_videos(audience.videos)
        await archive.close()
        await send_with_faults(settings, actions)
        await assert_exact(settings, actions)
        found = await dead_letters(settings)
        assert sorted(found.values()) == sorted(one[:MAX_ORIGINAL_BYTES] for one in INVALID_RECORDS)
        start().wait_ready()
        more = list(simulated_actions(audience, 1000, seed=9))
        await replay_log(settings, more)
        await assert_exact(settings, [*actions, *more])


def simulated_actions(audience, count, seed=8):
    rng = np.random.default_rng(seed)
    for at in range(count):
        user, video = audience.users[rng.integers(len(audience.users))], audience.pick_video()
        yield Action(user, video, audience.react(user, video), 1.7e9 + at, uuid4())


async def send_with_faults(settings, actions):
    """Send with the right, a missing or a wrong key; every tenth action twice; invalid records in between."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers, max_request_size=16_000_000)
    await producer.start()
    for number, action in enumerate(actions):
        key = (action.user_id.encode(), None, b"wrong")[number % 3]
        for _ in range(2 if number % 10 == 0 else 1):
            await producer.send(topics.ACTIONS, encode_action(action), key)
        if number % 600 == 0 and number // 600 < len(INVALID_RECORDS):
            await producer.send(topics.ACTIONS, INVALID_RECORDS[number // 600], action.user_id.encode())
    await producer.stop()


async def dead_letters(settings):
    """Key to value of the dead letters."""
    consumer = AIOKafkaConsumer(
        topics.DEAD_LETTERS, bootstrap_servers=settings.kafka_brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    found = {}
    while len(found) < len(INVALID_RECORDS):
        for records in (await asyncio.wait_for(consumer.getmany(timeout_ms=500), 20)).values():
            for record in records:
                assert dict(record.headers)["reason"]
                found[record.key] = record.value
    await consumer.stop()
    return found
