"""Faults of what is in Kafka: limits, transactions, records of other programs, and logs that were cut."""

import asyncio
import json
import urllib.error
import urllib.request
from time import monotonic

import asyncpg
import pytest

from recomind.dev.simulator import Audience
from recomind.errors import IncompleteLogError
from recomind.offline.verification.quiescence import committed_offsets, log_ends
from recomind.offline.verification.verify import verify
from recomind.stream import topics
from recomind.stream.dead_letters import read_dead_letters
from recomind.stream.log_replay import replay_log
from tests.acceptance.test_exactness import simulated_actions
from tests.conftest import workers
from tests.faults.foreign_records import (
    BROKERS_DEFAULT_LIMIT,
    cut_log,
    limit_topics,
    send_garbage,
    send_large_records,
    send_transactions,
    send_with_header_names,
)
from tests.faults.scenario import metric, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_topics_have_the_brokers_default_limits(fault_stack, tmp_path):
    settings = fault_stack.settings
    async with running_scenario(fault_stack, tmp_path, 2, seed=21) as scenario:
        await limit_topics(settings, BROKERS_DEFAULT_LIMIT)
        since = monotonic()
        await send_large_records(settings, seed=1)
        await scenario.wait_until_recovered("records whose dead letters are too large", 20, since)
    large = [one for one in (await read_dead_letters(settings)).values() if one.length > 1_000_000]
    assert len(large) == 1 + settings.partitions
    assert all(one.cut_from and "are too large for an action" in one.reason for one in large)


async def test_a_topic_takes_hardly_more_than_an_action(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 1, seed=22) as scenario:
        await limit_topics(fault_stack.settings, 30_000)
        await asyncio.sleep(5)
        await scenario.wait_until_recovered("all topics take 30 kB", 20)
        await limit_topics(fault_stack.settings, 16 << 20)


async def test_producers_write_in_transactions_and_abort_some(fault_stack, tmp_path):
    settings = fault_stack.settings
    async with running_scenario(fault_stack, tmp_path, 2, seed=23) as scenario:
        committed = await send_transactions(settings, 10, 20, commit=True)
        aborted = await send_transactions(settings, 5, 5, commit=False)
        await scenario.wait_until_recovered("transactions were committed and aborted", 20)
    committed += await send_transactions(settings, 10, 20, commit=True)
    aborted += await send_transactions(settings, 5, 5, commit=False)  # and then there is silence
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        report = await verify(settings, within=30)
        assert report.is_clean
        assert await archived(settings, committed) == len(committed)
        assert await archived(settings, aborted) == 0
        await until(lambda: is_committed_to_the_end(settings))
        assert await asyncio.to_thread(metric, worker, "recomind_consumer_lag_records") == 0


async def is_committed_to_the_end(settings):
    """Whether the offsets in Kafka say so, too: tools that watch the group's lag compare them with the ends."""
    ends, committed = await log_ends(settings), await committed_offsets(settings)
    return all(committed[topics.ACTIONS, partition] == end for partition, end in ends.actions.items())


async def test_other_programs_write_into_every_topic(fault_stack, tmp_path):
    settings = fault_stack.settings
    async with running_scenario(fault_stack, tmp_path, 2, seed=24) as scenario:
        await send_garbage(settings, 300, seed=1)
        users = await send_with_header_names(settings, 40, seed=1)
        await scenario.wait_until_recovered("records of other programs in every topic", 20)
        assert await archived(settings, users) == len(users)
        scenario.workers[0].kill()
        await scenario.start(1)
        await scenario.wait_until_recovered("a worker is killed, and restores tables from such changelogs", 30)
        assert [worker.process.poll() for worker in scenario.workers[1:]] == [None, None]


async def test_kafka_is_away_from_a_worker_without_work(new_stack, tmp_path):
    with workers(new_stack.settings, tmp_path) as start:
        worker = start().wait_ready()
        before = len(worker.log.read_text().splitlines())
        await asyncio.to_thread(new_stack.kafka.stop)
        await until(lambda: is_degraded(worker, "no actions are taken in: Kafka does not answer", 1))
        await asyncio.sleep(20)
        assert len(worker.log.read_text().splitlines()) - before < 200
        new_stack.kafka.start()
        await until(lambda: is_ready_again(worker), within=60)


async def test_the_log_was_cut_while_the_worker_was_away(new_stack, tmp_path):
    settings, actions = new_stack.settings, list(simulated_actions(Audience(40, 100, 3), 1500))
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await replay_log(settings, actions[:500])
        assert (await verify(settings, within=60)).is_clean
        worker.stop()
        before = (await log_ends(settings)).actions
        await replay_log(settings, actions[500:])
        cut_at = {partition: end + 100 for partition, end in before.items()}
        await cut_log(settings, topics.ACTIONS, cut_at)
        worker = start().wait_ready()
        with pytest.raises(IncompleteLogError, match="video_actions_stream is incomplete: it holds partition 0"):
            await verify(settings, within=60)
        await until(lambda: is_degraded(worker, "were deleted before they were read", 4))
        offsets = f"partition 0: offsets {before[0]} to {cut_at[0] - 1} were deleted before they were read"
        assert offsets in worker.log.read_text()
        assert await asyncio.to_thread(metric, worker, "recomind_is_degraded", "log_cut") == 1


async def test_the_signals_were_cut_and_a_user_is_to_be_erased(new_stack, tmp_path):
    settings, actions = new_stack.settings, list(simulated_actions(Audience(40, 100, 3), 500))
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await replay_log(settings, actions)
        assert (await verify(settings, within=60)).is_clean
        ends = (await log_ends(settings)).signals
        await cut_log(settings, topics.SIGNALS, {partition: end // 2 for partition, end in ends.items()})
        await asyncio.to_thread(erase, worker, actions[0].user_id)
        await until(lambda: is_degraded(worker, "users cannot be erased from counts of videos", 4))
        assert await asyncio.to_thread(metric, worker, "recomind_is_degraded", "erasure") == 1


def erase(worker, user_id):
    request = urllib.request.Request(f"{worker.base_url}/users/{user_id}", method="DELETE")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


async def is_degraded(worker, reason, times):
    found = await asyncio.to_thread(readyz, worker)
    return found["status"] == "degraded" and found["reason"].count(reason) == times


async def is_ready_again(worker):
    return (await asyncio.to_thread(readyz, worker))["status"] == "ready"


def readyz(worker):
    try:
        with urllib.request.urlopen(f"{worker.base_url}/readyz", timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError:
        return {"status": "not ready"}


async def archived(settings, users):
    connection = await asyncpg.connect(settings.postgres_dsn)
    count = await connection.fetchval("SELECT count(*) FROM video_actions WHERE user_id = ANY($1::text[])", users)
    await connection.close()
    return count


async def until(probe, within=30.0):
    deadline = monotonic() + within
    while not await probe():
        assert monotonic() < deadline
        await asyncio.sleep(0.3)
