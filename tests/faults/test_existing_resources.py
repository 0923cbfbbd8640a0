"""Faults of what is around the workers: made by somebody else, replaced, deleted, or set to another time."""

import asyncio
import json
import re
import shutil
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from recomind.model.events import Action
from recomind.offline.adoption import adopt_log
from recomind.offline.verification.verify import verify
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.dead_letters import read_dead_letters
from recomind.stream.log_replay import replay_log
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord
from tests.conftest import Worker, workers
from tests.faults.load import Load
from tests.faults.scenario import flush, running_scenario
from tests.integration.test_schema_repairs import AS_THE_CONTRACT_SAYS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CATCH_UP_S = 60.0


async def assert_verified(settings):
    report = await verify(settings, within=CATCH_UP_S)
    assert report.differences == []


async def exit_message(start):
    """What a worker says that refuses to start."""
    worker = start()
    assert await asyncio.to_thread(worker.process.wait, 120) == 1
    return worker.log.read_text()


async def some_load(settings, seconds=3.0, seed=1):
    async with Load(settings, per_second=200, seed=seed):
        await asyncio.sleep(seconds)


async def fetch(settings, sql):
    connection = await asyncpg.connect(settings.postgres_dsn)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def readiness(worker):
    with await asyncio.to_thread(urllib.request.urlopen, f"{worker.base_url}/readyz") as answer:
        return json.load(answer)


@asynccontextmanager
async def admin_of(settings):
    async with topics.admin_client(settings) as admin:
        yield admin


async def test_topics_and_tables_were_made_beforehand(new_stack, tmp_path):
    """A worker says what to run; after that it works. Records that were mirrored with our headers count once."""
    settings = new_stack.settings
    await fetch(settings, AS_THE_CONTRACT_SAYS.split(";", maxsplit=1)[0])
    connection = await asyncpg.connect(settings.postgres_dsn)
    await connection.execute("DROP TABLE users;" + AS_THE_CONTRACT_SAYS)
    async with admin_of(settings) as admin:
        names = topics.topic_configs(settings)
        made = [NewTopic(name, 4, 1, topic_configs={"retention.ms": "604800000"}) for name in names]
        await admin.create_topics(made)
        with workers(settings, tmp_path) as start:
            said = await exit_message(start)
            statements = re.findall(r"^ *(ALTER TABLE .*;)", said, re.MULTILINE)
            assert "ALTER TABLE users ALTER COLUMN user_id TYPE text USING user_id::text;" in statements
            await connection.execute("\n".join(dict.fromkeys(statements)))
            said = await exit_message(start)
            commands = dict(re.findall(r"--entity-name (\S+) --add-config (\S+)`", said))
            assert commands.keys() == names.keys()
            assert "message.timestamp.type=LogAppendTime" in commands[topics.ACTIONS]
            for name, config in commands.items():
                values = dict(pair.split("=") for pair in config.split(","))
                await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, values)])
            start().wait_ready()
            await some_load(settings)
            await send_mirrored(settings)
            await assert_verified(settings)
    assert await connection.fetchval("SELECT count(*) FROM video_actions WHERE user_id = 'mirrored'") == 5
    await connection.close()


async def send_mirrored(settings):
    """Five actions with the headers of records that workers of another cluster have rerouted."""
    headers = (("recomind-origin", b"1:%d"), ("recomind-logged-at", b"1700000000000"), ("recomind-log", b"elsewhere/x"))
    action = b'{"user_id":"mirrored","video_id":"v1","action_type":"view"}'
    records = [
        ProducerRecord(
            b"mirrored", action, tuple((key, value % number if b"%" in value else value) for key, value in headers)
        )
        for number in range(5, 0, -1)
    ]
    producer = Producer(client_options(settings))
    await producer.start()
    await producer.send_in_order(topics.ACTIONS, partition_of("mirrored", 4), records)
    await producer.stop()


async def test_redis_deletes_values_to_make_room(fault_stack, tmp_path):
    store = RedisStore(fault_stack.settings.redis_url)
    async with running_scenario(fault_stack, tmp_path, 2, seed=21) as scenario:
        await replay_log(
            fault_stack.settings, [Action(f"once-{n}", f"rare-{n}", "like", 1.7e9 + n) for n in range(600)]
        )
        await scenario.wait_until_recovered("600 users act who do nothing later", 30)
        used = (await store._redis.info("memory"))["used_memory"]
        await store._redis.config_set("maxmemory-policy", "allkeys-random")
        await store._redis.config_set("maxmemory", used - 300_000)
        [warned] = await scenario.start(1)
        await asyncio.sleep(6)
        await store._redis.config_set("maxmemory", 0)
        await store._redis.config_set("maxmemory-policy", "noeviction")
        assert (await store._redis.info("stats"))["evicted_keys"] > 0
        await scenario.wait_until_recovered("Redis deleted values to make room for 6 s", 30)
        await asyncio.sleep(5)
    assert "redis-cli CONFIG SET maxmemory-policy noeviction" in warned.log.read_text()
    await store.close()


async def test_kafka_is_replaced_by_an_empty_one(new_stack, tmp_path):
    settings = new_stack.settings
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await some_load(settings)
        await assert_verified(settings)
        [before] = await fetch(settings, "SELECT count(*) AS n FROM video_actions")
        await replace_kafka(new_stack)
        assert await asyncio.to_thread(worker.process.wait, 180) == 1
        assert "recomind adopt-log" in worker.log.read_text()
        assert "PostgreSQL was made from the log" in await exit_message(start)
        assert await adopt_log(settings) == before["n"]
        start().wait_ready()
        await some_load(settings, seed=2)
        await assert_verified(settings)
        [after] = await fetch(settings, "SELECT count(*) AS n FROM video_actions")
        assert after["n"] > before["n"] + 300


async def replace_kafka(stack):
    await asyncio.to_thread(stack.kafka.stop)
    shutil.rmtree(stack.kafka.folder / "data")
    stack.kafka.prepare()
    stack.kafka.start()
    await asyncio.to_thread(stack.kafka.wait_ready)


async def test_a_changelog_is_deleted(new_stack, tmp_path):
    settings = new_stack.settings
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await some_load(settings)
        await assert_verified(settings)
        assert worker.stop() == 0
        async with admin_of(settings) as admin:
            await admin.delete_topics([topics.changelog(settings.app_id, "profiles")])
        said = await exit_message(start)
        assert "recomind-profiles-changelog was deleted" in said
        assert "another RECOMIND_APP_ID" in said
    await rebuild(replace(settings, app_id="recomind-2"), tmp_path / "rebuilt")


async def rebuild(settings, folder):
    """Start with another application id: the state is made from the log again."""
    folder.mkdir()
    with workers(settings, folder) as start:
        start().wait_ready()
        await some_load(settings, seed=3)
        await assert_verified(settings)


async def test_partitions_are_added_to_the_log(new_stack, tmp_path):
    settings = new_stack.settings
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await some_load(settings)
        async with admin_of(settings) as admin:
            await admin.create_partitions({topics.ACTIONS: NewPartitions(8)})
        deadline = monotonic() + 20
        while (found := await readiness(worker))["status"] != "degraded":
            assert monotonic() < deadline
            await asyncio.sleep(0.5)
        sentence = f"topic {topics.ACTIONS} has 8 partitions, but RECOMIND_PARTITIONS is 4: see More partitions"
        assert sentence in found["reason"]
        assert sentence in worker.log.read_text()
        await some_load(settings, seed=2)
        assert worker.stop() == 0
        assert sentence in await exit_message(start)
    await give_all_topics_8_partitions(settings)
    await rebuild(replace(settings, app_id="recomind-8", partitions=8), tmp_path / "rebuilt")


async def give_all_topics_8_partitions(settings):
    """The steps of "More partitions" in docs/operations.md."""
    async with admin_of(settings) as admin:
        await admin.create_partitions({topics.DEAD_LETTERS: NewPartitions(8)})
        await admin.delete_topics([topics.SIGNALS, topics.SERVED_LISTS, topics.CATALOGUE])
    await flush(settings)


@pytest.mark.parametrize("ahead", [360, -360], ids=["ahead", "behind"])
async def test_a_workers_clock_is_off(fault_stack, tmp_path, ahead):
    settings, user, accepted = fault_stack.settings, f"clock-{uuid4()}", 0
    before = await read_dead_letters(settings)
    worker = Worker(settings, tmp_path / "worker.log", "tests.faults.early_worker", str(ahead))
    try:
        await asyncio.to_thread(worker.wait_ready, 120)
        async with aiohttp.ClientSession(worker.base_url) as http:
            for seconds in (None, 0, 290, -3600, *(None,) * 6):
                action = {"user_id": user, "video_id": "v1", "action_type": "view"}
                if seconds is not None:
                    action["timestamp"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
                accepted += (await http.post("/video_action", json=action)).status == 202
            action["timestamp"] = (datetime.now(UTC) + timedelta(seconds=310)).isoformat()
            assert (await http.post("/video_action", json=action)).status == 400
        await assert_verified(settings)
    finally:
        worker.kill()
    assert accepted == 10
    assert await fetch(settings, f"SELECT FROM video_actions WHERE user_id = '{user}'") == [()] * 10
    assert (await read_dead_letters(settings)).keys() == before.keys()
