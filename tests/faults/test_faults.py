"""Whatever breaks under load: nothing is lost, nothing is counted twice, and it ends within a stated time."""

import asyncio
import signal
from time import monotonic

import asyncpg
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from recomind.offline.verification.quiescence import committed
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from tests.faults.scene import NOTES, flush, scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AWAY = 30.0
"""Seconds a store is away."""


async def test_a_worker_is_killed(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=1) as stage:
        stage.workers[0].kill()
        await stage.well_again("a worker of two is killed", 30)


async def test_a_worker_is_stopped(faulty, tmp_path):
    async with scene(faulty, tmp_path, 3, seed=2) as stage:
        since = monotonic()
        await stage.stop(stage.workers[:1])
        await stage.well_again("a worker of three is stopped", 20, since)


async def test_workers_come_and_go_and_leave_nothing_behind(faulty, tmp_path):
    async with scene(faulty, tmp_path, 1, seed=3) as stage:
        since = monotonic()
        await stage.start(2)
        await stage.well_again("one worker becomes three, which have to start", 40, since)
        assert await no_ghosts(stage)
        since = monotonic()
        await stage.stop(stage.workers[:2])
        await stage.well_again("three workers become one", 30, since)
        assert await no_ghosts(stage)


async def no_ghosts(stage, within=20.0):
    """Whether each person's profile is with one worker, and no more."""
    deadline = monotonic() + within
    while await stage.holds("profiles") != await people(stage.settings):
        if monotonic() > deadline:
            return False
        await asyncio.sleep(0.5)
    return True


async def test_kafka_is_away(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=4) as stage:
        await away(faulty.kafka, 15)
        await stage.well_again("Kafka was away for 15 s", 60)


async def test_postgresql_is_away(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=5) as stage:
        await away(faulty.postgres, AWAY)
        await stage.well_again("PostgreSQL was away for 30 s", 30)


async def test_redis_is_away_and_has_forgotten_everything(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=6) as stage:
        await away(faulty.redis, AWAY)
        await flush(faulty.settings)
        await stage.well_again("Redis was away for 30 s, then empty", 30)


async def test_redis_is_killed_and_comes_back_with_old_values(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=7) as stage:
        await save(faulty.settings)
        await asyncio.sleep(5)
        await asyncio.to_thread(faulty.redis.process.kill)
        await away(faulty.redis, 1)
        await stage.well_again("Redis was killed, and has old values", 30)


async def test_a_worker_stalls_for_longer_than_its_session(faulty, tmp_path):
    async with scene(faulty, tmp_path, 3, seed=8) as stage:
        for stalled in list(stage.workers[:2]):
            since = monotonic()
            stalled.process.send_signal(signal.SIGSTOP)
            await stage.well_again("a worker of three stalls", 40, since)
            stalled.process.send_signal(signal.SIGCONT)
            await stage.well_again("a stalled worker wakes", 40)
            assert await asyncio.to_thread(stalled.process.wait, 60) == 1
            assert "the process stood still" in stalled.log.read_text()


async def test_all_workers_are_killed_at_once(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=9) as stage:
        for worker in stage.workers:
            worker.kill()
        since = monotonic()
        await stage.start(2)
        await stage.well_again("both workers are killed and started", 60, since)


async def test_the_archive_has_no_space_left(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=10) as stage:
        await run_sql(faulty.settings, FULL)
        await asyncio.sleep(10)
        await run_sql(faulty.settings, "DROP TRIGGER full_disk ON video_actions")
        await stage.well_again("the archive's disk was full for 10 s", 20)


async def test_the_changelogs_refuse_records(faulty, tmp_path):
    async with scene(faulty, tmp_path, 2, seed=11) as stage:
        await limit_changelogs(faulty.settings, 100)
        await asyncio.sleep(4)
        before = await committed(faulty.settings)
        await asyncio.sleep(4)
        assert await committed(faulty.settings) == before
        stage.workers[0].kill()
        await stage.start(1)
        await asyncio.sleep(4)
        await limit_changelogs(faulty.settings, 1_048_588)
        await stage.well_again("the changelogs refused records for 12 s, and a worker was killed", 60)


async def test_memory_is_bounded_while_postgresql_is_away(faulty, tmp_path):
    async with scene(faulty, tmp_path, 1, seed=13, per_second=3_000) as stage:
        worker = psutil.Process(stage.workers[0].process.pid)
        before, sent = worker.memory_info().rss, stage.load.sent
        await asyncio.to_thread(faulty.postgres.stop)
        most = await highest(lambda: worker.memory_info().rss, 45)
        sent = stage.load.sent - sent
        faulty.postgres.start()
        await asyncio.to_thread(faulty.postgres.wait_ready)
        await stage.well_again(f"PostgreSQL was away for 45 s, {sent} actions waited", 90)
        NOTES.append(f"a worker's memory: {before >> 20} MiB before, at most {most >> 20} MiB as {sent} actions waited")
        assert most - before < GROWTH


async def test_a_worker_is_killed_while_postgresql_is_away(faulty, tmp_path):
    """What it had sent on is sent on again, behind all that came meanwhile: behind more event ids than are kept."""
    async with scene(faulty, tmp_path, 1, seed=14, per_second=2_000) as stage:
        since = monotonic()
        await asyncio.to_thread(faulty.postgres.stop)
        await asyncio.sleep(3)
        stage.workers[0].kill()
        await asyncio.sleep(20)
        faulty.postgres.start()
        await asyncio.to_thread(faulty.postgres.wait_ready)
        await stage.start(1)
        await stage.well_again("PostgreSQL was away for 23 s, and the worker was killed", 90, since)


async def highest(probe, seconds):
    """The highest of many looks."""
    deadline, most = monotonic() + seconds, 0
    while monotonic() < deadline:
        most = max(most, probe())
        await asyncio.sleep(0.25)
    return most


GROWTH = 200 << 20
"""Bytes by which a worker may grow while its sink is away: 64 batches in each queue, and what is fetched."""

FULL = """
CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON video_actions FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
"""


async def away(server, seconds):
    """Stop a server for a while."""
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(seconds)
    server.start()
    await asyncio.to_thread(server.wait_ready)


async def save(settings):
    """Have Redis write its snapshot."""
    values = RedisValues(settings.redis_url)
    await values._redis.save()
    await values.close()


async def people(settings):
    """How many people have acted."""
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
        configs = {**topics.COMPACTED, "max.message.bytes": str(largest)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    await admin.close()
