"""`recomind dead-letters`: listed, mended, sent again, and counted once."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
import pytest

from recomind.errors import InputError
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.dead_letters import Letter, _letter, checked, outgoing, read_mended
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing, Sender


def command(settings, *words, told=""):
    line = [sys.executable, "-m", "recomind", "dead-letters", *words]
    environment = {**os.environ, **settings.environ()}
    return subprocess.run(line, env=environment, input=told, capture_output=True, text=True, check=False, timeout=120)


def letters_of(settings, user, *words):
    done = command(settings, "list", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [letter for letter in map(json.loads, done.stdout.splitlines()) if user in str(letter["record"])]


async def until_listed(settings, user, count):
    for _ in range(60):
        if len(found := await asyncio.to_thread(letters_of, settings, user)) == count:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(found)


async def put_wrong(settings, user, *records):
    sender = Sender(client_options(settings))
    await sender.start()
    outgoing = [Outgoing(user.encode(), record.encode()) for record in records]
    await sender.send_all(topics.ACTIONS, partition_of(user, settings.partitions), outgoing)
    await sender.stop()


async def likes_of(base, user):
    async with aiohttp.ClientSession(base) as http, http.get(f"/users/{user}/profile") as answer:
        return (await answer.json())["likes"]


async def until_liked(base, user, count):
    for _ in range(120):
        if await likes_of(base, user) == count:
            return
        await asyncio.sleep(0.25)
    raise AssertionError(await likes_of(base, user))


async def test_what_was_mended_is_sent_again_whole_or_not_at_all_and_counts_once(worker, stack):
    settings, user = stack.settings, f"mended-{uuid4().hex}"
    wrong = {"user_id": user, "video_id": "v1", "action_type": "love"}
    await put_wrong(settings, user, json.dumps(wrong), f'{{"user_id":"{user}",')
    first, second = await until_listed(settings, user, 2)
    assert (first["record"], first["field"], first["sent_again"]) == (wrong, "action_type", None)
    assert second["record"] == f'{{"user_id":"{user}",'
    first["record"]["action_type"] = "like"
    lines = f"{json.dumps(first)}\n{json.dumps(second)}\n"
    refused = await asyncio.to_thread(command, settings, "resend", "-", told=lines)
    assert (refused.returncode, second["key"] in refused.stderr, first["key"] in refused.stderr) == (2, True, False)
    assert len(await until_listed(settings, user, 2)) == 2
    second["record"] = {**wrong, "video_id": "v2", "action_type": "like"}
    lines = f"{json.dumps(first)}\n{json.dumps(second)}\n"
    for words, told in (
        ([], "2 sent, 0 left out"),
        ([], "0 sent, 2 left out"),
        (["--again"], "2 sent, 0 left out"),
    ):
        done = await asyncio.to_thread(command, settings, "resend", "-", *words, told=lines)
        assert (done.returncode, done.stdout.startswith(told)) == (0, True), done.stdout + done.stderr
        await until_liked(worker.base, user, 2)
    last = f'{{"user_id":"{user}","video_id":"v3","action_type":"like"}}'
    await put_wrong(settings, user, last)
    await until_liked(worker.base, user, 3)  # which stands behind all that was sent again
    assert letters_of(settings, user) == []
    sent = letters_of(settings, user, "--all")
    assert [letter["record"] for letter in sent] == [wrong, f'{{"user_id":"{user}",']
    assert all(letter["sent_again"].startswith(f"{partition_of(user, settings.partitions)}:") for letter in sent)


def letter(original=b"{", key="video_actions_stream:0:5"):
    return Letter(key, datetime(2026, 1, 2, tzinfo=UTC), "why", "", 0, original)


def test_a_mended_record_gets_the_time_of_its_letter_and_an_id_that_is_always_the_same():
    line = b'{"key":"video_actions_stream:0:5","record":{"user_id":"u","video_id":"v","action_type":"like"}}'
    letters = {letter().key: letter()}
    [sent] = checked(read_mended([line]), letters, 1.8e9).values()
    assert json.loads(sent.value) == {
        "timestamp": "2026-01-02T00:00:00Z",
        "event_id": json.loads(sent.value)["event_id"],
        "user_id": "u",
        "video_id": "v",
        "action_type": "like",
    }
    assert checked(read_mended([line]), letters, 1.9e9) == {letter().key: sent}
    assert sent.key == b"u"


def test_a_record_that_tells_its_time_and_id_keeps_them():
    event_id = str(uuid4())
    record = {"user_id": "u", "video_id": "v", "action_type": "like"}
    record |= {"timestamp": "2025-01-01T00:00:00Z", "event_id": event_id}
    line = json.dumps({"key": letter().key, "record": record}).encode()
    [sent] = checked(read_mended([line]), {letter().key: letter()}, 1.8e9).values()
    assert json.loads(sent.value) == record


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"{"], "line 1"),
        ([b"", b'{"record":{}}'], "line 2"),
        ([b'{"key":"k","record":1}', b'{"key":"k","record":1}'], "line 2: k comes twice"),
    ],
)
def test_a_line_that_is_no_letter_is_named(lines, told):
    with pytest.raises(InputError, match=told):
        read_mended(lines)


@pytest.mark.parametrize("record", [b'"{"', b"7", b"null", b'{"user_id":"u"}', b'"\\ud800"'])
def test_whatever_is_no_action_is_refused_with_its_letter(record):
    line = b'{"key":"%s","record":%s}' % (letter().key.encode(), record)
    with pytest.raises(InputError):
        checked(read_mended([line]), {letter().key: letter()}, 1.8e9)


def test_a_letter_survives_being_written_down():
    class Record:
        key, value, timestamp = b"video_actions_stream:0:5", b"{", 0

    written = outgoing(letter())
    Record.headers = written.headers
    assert _letter(0, Record) == letter()
