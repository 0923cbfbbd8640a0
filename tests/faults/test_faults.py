"""Faults under load: no action is lost or counted twice, and the workers recover within a stated time."""

import asyncio
import signal
from time import monotonic

import asyncpg
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from recomind.offline.verification.quiescence import committed_offsets
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from tests.faults.scenario import NOTES, flush, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OUTAGE_S = 30.0


async def test_a_worker_is_killed(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=1) as scenario:
        scenario.workers[0].kill()
        await scenario.wait_until_recovered("a worker of two is killed", 30)


async def test_a_worker_is_stopped(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 3, seed=2) as scenario:
        since = monotonic()
        await scenario.stop(scenario.workers[:1])
        await scenario.wait_until_recovered("a worker of three is stopped", 20, since)


async def test_workers_join_and_leave_without_keeping_foreign_state(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 1, seed=3) as scenario:
        since = monotonic()
        await scenario.start(2)
        await scenario.wait_until_recovered("one worker becomes three, which have to start", 40, since)
        assert await profiles_are_held_once(scenario)
        since = monotonic()
        await scenario.stop(scenario.workers[:2])
        await scenario.wait_until_recovered("three workers become one", 30, since)
        assert await profiles_are_held_once(scenario)


async def profiles_are_held_once(scenario, within=20.0):
    """Whether each user's profile is held by exactly one worker."""
    deadline = monotonic() + within
    while await scenario.table_keys("profiles") != await count_users(scenario.settings):
        if monotonic() > deadline:
            return False
        await asyncio.sleep(0.5)
    return True


async def test_kafka_is_down(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=4) as scenario:
        await stop_for(fault_stack.kafka, 15)
        await scenario.wait_until_recovered("Kafka was down for 15 s", 60)


async def test_postgresql_is_down(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=5) as scenario:
        await stop_for(fault_stack.postgres, OUTAGE_S)
        await scenario.wait_until_recovered("PostgreSQL was down for 30 s", 30)


async def test_redis_is_down_and_then_empty(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=6) as scenario:
        await stop_for(fault_stack.redis, OUTAGE_S)
        await flush(fault_stack.settings)
        await scenario.wait_until_recovered("Redis was down for 30 s, then empty", 30)


async def test_redis_is_killed_and_restarts_with_old_values(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=7) as scenario:
        await save(fault_stack.settings)
        await asyncio.sleep(5)
        await asyncio.to_thread(fault_stack.redis.process.kill)
        await stop_for(fault_stack.redis, 1)
        await scenario.wait_until_recovered("Redis was killed, and has old values", 30)


async def test_a_worker_stalls_for_longer_than_its_session(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 3, seed=8) as scenario:
        for stalled in list(scenario.workers[:2]):
            since = monotonic()
            stalled.process.send_signal(signal.SIGSTOP)
            await scenario.wait_until_recovered("a worker of three stalls", 40, since)
            stalled.process.send_signal(signal.SIGCONT)
            await scenario.wait_until_recovered("a stalled worker resumes", 40)
            assert await asyncio.to_thread(stalled.process.wait, 60) == 1
            assert "the process stood still" in stalled.log.read_text()


async def test_all_workers_are_killed_at_once(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=9) as scenario:
        for worker in scenario.workers:
            worker.kill()
        since = monotonic()
        await scenario.start(2)
        await scenario.wait_until_recovered("both workers are killed and started", 60, since)


async def test_the_archive_has_no_space_left(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 2, seed=10) as scenario:
        await run_sql(fault_stack.settings, FULL_DISK_SQL)
        await asyncio.sleep(10)
        await run_sql(fault_stack.settings, "DROP TRIGGER full_disk ON video_actions")
        await scenario.wait_until_recovered("the archive's disk was full for 10 s", 20)


async def test_the_changelogs_refuse_records(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 3, seed=11) as scenario:
        await limit_changelogs(fault_stack.settings, 100)
        await asyncio.sleep(4)
        before = await committed_offsets(fault_stack.settings)
        await asyncio.sleep(4)
        assert await committed_offsets(fault_stack.settings) == before
        scenario.workers[0].kill()  # a new worker would refuse to start with such topics
        await asyncio.sleep(8)
        await limit_changelogs(fault_stack.settings, 1_048_588)
        await scenario.wait_until_recovered("the changelogs refused records for 12 s, and a worker was killed", 60)


async def test_memory_is_bounded_while_postgresql_is_down(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 1, seed=13, per_second=3_000) as scenario:
        worker = psutil.Process(scenario.workers[0].process.pid)
        before, sent = worker.memory_info().rss, scenario.load.sent
        await asyncio.to_thread(fault_stack.postgres.stop)
        peak = await highest(lambda: worker.memory_info().rss, 45)
        sent = scenario.load.sent - sent
        fault_stack.postgres.start()
        await asyncio.to_thread(fault_stack.postgres.wait_ready)
        await scenario.wait_until_recovered(f"PostgreSQL was down for 45 s, {sent} actions waited", 90)
        NOTES.append(f"a worker's memory: {before >> 20} MiB before, at peak {peak >> 20} MiB as {sent} actions waited")
        assert peak - before < MAX_GROWTH_BYTES


async def test_a_worker_is_killed_while_postgresql_is_down(fault_stack, tmp_path):
    """Its rerouted records are rerouted again, behind more newer actions than a profile keeps event ids of."""
    async with running_scenario(fault_stack, tmp_path, 1, seed=14, per_second=2_000) as scenario:
        since = monotonic()
        await asyncio.to_thread(fault_stack.postgres.stop)
        await asyncio.sleep(3)
        scenario.workers[0].kill()
        await asyncio.sleep(20)
        fault_stack.postgres.start()
        await asyncio.to_thread(fault_stack.postgres.wait_ready)
        await scenario.start(1)
        await scenario.wait_until_recovered("PostgreSQL was down for 23 s, and the worker was killed", 90, since)


async def highest(probe, seconds):
    """The highest result of repeated calls."""
    deadline, peak = monotonic() + seconds, 0
    while monotonic() < deadline:
        peak = max(peak, probe())
        await asyncio.sleep(0.25)
    return peak


MAX_GROWTH_BYTES = 200 << 20
"""Memory that a worker may add while PostgreSQL is down: 64 batches in each queue, and fetched records."""

FULL_DISK_SQL = """
CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON video_actions FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
"""


async def stop_for(server, seconds):
    """Stop a server for some seconds."""
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(seconds)
    server.start()
    await asyncio.to_thread(server.wait_ready)


async def save(settings):
    """Make Redis write a snapshot."""
    values = RedisStore(settings.redis_url)
    await values._redis.save()
    await values.close()


async def count_users(settings):
    """Number of users with actions."""
    connection = await asyncpg.connect(settings.postgres_dsn)
    count = await connection.fetchval("SELECT count(DISTINCT user_id) FROM video_actions")
    await connection.close()
    return count


async def run_sql(settings, sql):
    connection = await asyncpg.connect(settings.postgres_dsn)
    await connection.execute(sql)
    await connection.close()


async def limit_changelogs(settings, largest):
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_brokers)
    await admin.start()
    for table in topics.TABLES:
        name = topics.changelog(settings.app_id, table)
        configs = {**topics.COMPACTED_CONFIG, "max.message.bytes": str(largest)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    await admin.close()
