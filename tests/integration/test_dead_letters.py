"""`recomind dead-letters`: dead letters are listed, corrected, sent again, and counted once."""

import asyncio
import json
import os
import subprocess
import sys
from uuid import uuid4

import aiohttp

from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord


def run_command(settings, *words, stdin=""):
    line = [sys.executable, "-m", "recomind", "dead-letters", *words]
    environment = {**os.environ, **settings.environ()}
    return subprocess.run(line, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=120)


def list_dead_letters(settings, user, *words):
    done = run_command(settings, "list", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [
        dead_letter for dead_letter in map(json.loads, done.stdout.splitlines()) if user in str(dead_letter["record"])
    ]


async def wait_until_listed(settings, user, count):
    for _ in range(60):
        if len(found := await asyncio.to_thread(list_dead_letters, settings, user)) == count:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(found)


async def send_values(settings, user, *values):
    producer = Producer(client_options(settings))
    await producer.start()
    records = [ProducerRecord(user.encode(), value.encode()) for value in values]
    await producer.send_in_order(topics.ACTIONS, partition_of(user, settings.partitions), records)
    await producer.stop()


async def count_likes(base, user):
    async with aiohttp.ClientSession(base) as http, http.get(f"/users/{user}/profile") as answer:
        return (await answer.json())["likes"]


async def wait_for_likes(base, user, count):
    for _ in range(120):
        if await count_likes(base, user) == count:
            return
        await asyncio.sleep(0.25)
    raise AssertionError(await count_likes(base, user))


async def test_corrected_records_are_sent_together_or_not_at_all_and_count_once(worker, stack):
    settings, user = stack.settings, f"corrected-{uuid4().hex}"
    invalid = {"user_id": user, "video_id": "v1", "action_type": "love"}
    await send_values(settings, user, json.dumps(invalid), f'{{"user_id":"{user}",')
    first, second = await wait_until_listed(settings, user, 2)
    assert (first["record"], first["field"], first["sent_again"]) == (invalid, "action_type", None)
    assert second["record"] == f'{{"user_id":"{user}",'
    first["record"]["action_type"] = "like"
    lines = f"{json.dumps(first)}\n{json.dumps(second)}\n"
    refused = await asyncio.to_thread(run_command, settings, "resend", "-", stdin=lines)
    assert (refused.returncode, second["key"] in refused.stderr, first["key"] in refused.stderr) == (2, True, False)
    assert len(await wait_until_listed(settings, user, 2)) == 2
    second["record"] = {**invalid, "video_id": "v2", "action_type": "like"}
    lines = f"{json.dumps(first)}\n{json.dumps(second)}\n"
    for words, message in (
        ([], "2 sent, 0 skipped"),
        ([], "0 sent, 2 skipped"),
        (["--again"], "2 sent, 0 skipped"),
    ):
        done = await asyncio.to_thread(run_command, settings, "resend", "-", *words, stdin=lines)
        assert (done.returncode, done.stdout.startswith(message)) == (0, True), done.stdout + done.stderr
        await wait_for_likes(worker.base_url, user, 2)
    last = f'{{"user_id":"{user}","video_id":"v3","action_type":"like"}}'
    await send_values(settings, user, last)
    await wait_for_likes(worker.base_url, user, 3)  # this record was logged after everything that was sent again
    assert list_dead_letters(settings, user) == []
    resent = list_dead_letters(settings, user, "--all")
    assert [dead_letter["record"] for dead_letter in resent] == [invalid, f'{{"user_id":"{user}",']
    partition = partition_of(user, settings.partitions)
    assert all(dead_letter["sent_again"].startswith(f"{partition}:") for dead_letter in resent)
