"""Served lists on a real stack: each outcome teaches, is counted, verified and exported, also over a rebalance."""

import asyncio
import json
import os
import subprocess
import sys
import time
from uuid import uuid4

import aiohttp
import pytest

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.ids import Offset
from recomind.model.served_lists import decode_served_list
from recomind.model.signals import ActionSignal, PassedOverSignal
from recomind.offline.verification.recompute_outcomes import STORE
from recomind.offline.verification.verify import verify
from recomind.recommender.served import unpack
from recomind.state.served_lists import MARGIN_S
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.codec import decode_signals, encode_signals
from recomind.stream.connection import client_options
from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.log_reader import read_to_end
from recomind.stream.log_replay import replay_log
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord
from tests.conftest import workers

AUDIENCE = Audience(24, 120, 6)
PAGE = 6


async def test_outcomes_are_counted_verified_and_exported_over_a_rebalance(new_stack, tmp_path):
    settings = new_stack.settings
    await put_videos(settings)
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        await replay_log(settings, list(simulated_actions(400)))
        await visit(first.base_url, AUDIENCE.users, wait=0.0)
        pages = await show_pages(first.base_url, AUDIENCE.users)
        await asyncio.sleep(MARGIN_S + 0.5)
        second = start().wait_ready()  # it takes partitions over, with lists that it has to read again
        await act_on(second.base_url, pages)
        first.kill()
        await visit(second.base_url, AUDIENCE.users, wait=MARGIN_S + 0.5)
        await visit(second.base_url, AUDIENCE.users, wait=MARGIN_S + 0.5)
        report = await verify(settings, within=120)
        assert report.differences == []
        found = await signals_of(settings)
        outcomes = [one for one in found if isinstance(one, ActionSignal) and one.outcome > 1]
        passed = [one for one in found if isinstance(one, PassedOverSignal)]
        assert len(outcomes) >= 3 * 3 * len(AUDIENCE.users)
        assert len(passed) >= len(AUDIENCE.users)
        assert all(one.increments for one in [*outcomes, *passed])
        assert report.compared[STORE] >= 2 * 3 * len(AUDIENCE.users)
        rows = export(settings, tmp_path / "served")
        assert sum(row["outcome"] == "passed over" for row in rows) == len(passed)
        assert sum(row["outcome"] in {"like", "view", "skip"} for row in rows) == len(outcomes)
        assert second.stop() == 0
    await send_false_outcome(settings, outcomes[0])
    with workers(settings, tmp_path) as start:
        start().wait_ready()
        report = await verify(settings, within=60)
        assert report.differing[STORE] == 1
        assert report.differing[f"{STORE}, by kind"] == 1


async def test_features_of_an_example_do_not_contain_its_own_outcome_over_a_rebalance(new_stack, tmp_path):
    """A video, its tags, its creator and its users are all new. Whoever liked it, the features in the lists of the
    users who act later are what they were when the list was ranked, and the features of the lists that were ranked
    before the first action know nothing of any."""
    settings = new_stack.settings
    await put_videos(settings)
    await put_new_video(settings)
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        await replay_log(settings, list(simulated_actions(400)))
        pages = await show_pages(first.base_url, [f"stranger{number}" for number in range(12)], n=50)
        await asyncio.sleep(MARGIN_S)
        untouched = {key: one for key, one in (await features(settings)).items()}
        second = start().wait_ready()
        for number, (user, (list_id, ids)) in enumerate(pages.items()):
            if "brand-new" in ids:
                await post(second.base_url, [action(user, "brand-new", "like", list_id)])
            if number == len(pages) // 2:
                first.kill()
        await visit(second.base_url, AUDIENCE.users[:4], wait=MARGIN_S)
        assert [key for key in untouched if untouched[key] != (await features(settings))[key]] == []
        liked = [one for one in await signals_of(settings) if one.video_id == "brand-new"]
        assert len(liked) == sum("brand-new" in ids for _, ids in pages.values()) > 0
        assert {(one.outcome, bool(one.increments)) for one in liked} == {(2, True)}
        for shown in untouched.values():
            assert shown.rates[:3].tolist() == [0.0, 0.0, 0.0]
            assert abs(shown.item.mean[-1]) < 1e-6  # the biases of video, creator and tag are at their prior
        assert (await verify(settings, within=120)).differences == []


def simulated_actions(count):
    for at in range(count):
        user = AUDIENCE.users[at % len(AUDIENCE.users)]
        video = AUDIENCE.pick_video()
        yield Action(user, video, AUDIENCE.react(user, video), 1.7e9 + 30.0 * at, uuid4())


def action(user, video, kind, list_id=None):
    named = {} if list_id is None else {"list_id": list_id}
    return {"user_id": user, "video_id": video, "action_type": kind, **named}


async def show_pages(base_url, users, n=PAGE):
    """User to the id and the videos of a list that they are shown."""
    pages = {}
    async with aiohttp.ClientSession(base_url) as http:
        for user in users:
            async with http.get(f"/recommendations/{user}", params={"n": n}) as answer:
                pages[user] = answer.headers["X-RecoMind-List"], [one["video_id"] for one in await answer.json()]
    return pages


async def act_on(base_url, pages):
    """View the second, like the fourth, and skip the last video of each page; then like what was viewed."""
    for user, (list_id, ids) in pages.items():
        kinds = {1: "view", 3: "like", PAGE - 1: "skip"}
        actions = [action(user, ids[place], kind) for place, kind in kinds.items()]
        await post(base_url, [*actions, action(user, ids[1], "like", list_id)])


async def visit(base_url, users, wait):
    pages = await show_pages(base_url, users)
    await asyncio.sleep(wait)
    await act_on(base_url, pages)


async def post(base_url, actions):
    async with aiohttp.ClientSession(base_url) as http, http.post("/video_actions", json=actions) as answer:
        assert answer.status == 202, await answer.text()


async def put_videos(settings):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(AUDIENCE.videos)
    await archive.close()


async def put_new_video(settings):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    video = type(AUDIENCE.videos[0])
    await archive.put_videos(
        [
            video(
                video_id="brand-new",
                title="new",
                tags=("own-tag",),
                creator_id="own-creator",
                created_at=1.7e9 + 11_000,
            )
        ]
    )
    await archive.close()


async def records_of(settings, topic):
    partitions = range(settings.partitions)
    return [one async for _, some in read_to_end(client_options(settings), topic, partitions) for one in some]


async def signals_of(settings):
    deadline, known = time.monotonic() + 60, -1
    while known != (count := len(await records_of(settings, topics.SIGNALS))) and time.monotonic() < deadline:
        known = count
        await asyncio.sleep(2)
    return [
        one for record in await records_of(settings, topics.SIGNALS) for one in decode_signals(record).video_signals
    ]


async def features(settings):
    """(user, list) to the features of the new video's place."""
    events = [decode_served_list(one.value) for one in await records_of(settings, topics.SERVED_LISTS)]
    return {
        (one.user_id, one.list_id): unpack(one.shown, one.video_ids.index("brand-new"), len(one.video_ids))
        for one in events
        if "brand-new" in one.video_ids
    }


def export(settings, folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    line = [sys.executable, "-m", "recomind", "export", "--served", str(folder)]
    environment = {**os.environ, **settings.environ()}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"are in {folder}" in done.stdout
    files = sorted(folder.iterdir())
    assert [one.name for one in files] == [f"served-{n:05d}.parquet" for n in range(settings.partitions)]
    again = subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert all(json.loads(row["arms"]) == {} and 0 < row["propensity"] <= 1 for row in rows)
    return rows


async def send_false_outcome(settings, outcome):
    """A signal that says that a place was passed over, where none was."""
    signal = PassedOverSignal("false", outcome.source, Offset(outcome.offset), outcome.timestamp, outcome.user_id)
    producer = Producer(client_options(settings))
    await producer.start()
    partition = partition_of("false", settings.partitions)
    record = ProducerRecord(None, encode_signals([signal]), VERSION_HEADERS)
    await producer.send_in_order(topics.SIGNALS, partition, [record])
    await producer.stop()
