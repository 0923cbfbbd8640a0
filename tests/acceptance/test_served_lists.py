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
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import Offset
from recomind.model.served_lists import decode_served_list
from recomind.model.signals import CORRECTION, OUTCOME, ActionSignal, PassedOverSignal
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
ACTED_ON = {1: "view", 3: "like", PAGE - 1: "skip"}
NEWEST = max(video.created_at for video in AUDIENCE.videos)
NEW_VIDEO = Video(video_id="new", title="new", tags=("own-tag",), creator_id="own-creator", created_at=NEWEST + 1)


async def test_outcomes_are_counted_verified_and_exported_over_a_rebalance(new_stack, tmp_path):
    settings = new_stack.settings
    await put_videos(settings)
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        replayed = list(simulated_actions(400))
        await replay_log(settings, replayed)
        acted_on = {user: {one.video_id for one in replayed if one.user_id == user} for user in AUDIENCE.users}
        pages = await show_pages(first.base_url, AUDIENCE.users, acted_on)
        await asyncio.sleep(MARGIN_S + 0.1)
        second = start().wait_ready()  # it takes partitions over, with lists that it has to read again
        await act_on(second.base_url, pages)
        first.kill()
        for _ in range(2):
            acted_on = {user: {ids[place] for place in ACTED_ON} for user, (_, ids) in pages.items()}
            pages = await show_pages(second.base_url, AUDIENCE.users, acted_on)
            await asyncio.sleep(MARGIN_S + 0.1)
            await act_on(second.base_url, pages)
        await show_pages(second.base_url, AUDIENCE.users)  # lists that no action was logged after
        done = run_recomind(settings, "verify", "--wait", "120")
        assert (done.returncode, [line for line in done.stderr.splitlines() if "Unclosed" in line]) == (0, [])
        report = await verify(settings, within=120)
        assert report.differences == []
        found = await signals_of(settings)
        outcomes = [one for one in found if isinstance(one, ActionSignal) and one.outcome == OUTCOME]
        corrections = [one for one in found if isinstance(one, ActionSignal) and one.outcome == CORRECTION]
        passed = [one for one in found if isinstance(one, PassedOverSignal)]
        assert (len(outcomes), len(corrections)) == (3 * 3 * len(AUDIENCE.users), 3 * len(AUDIENCE.users))
        most = 2 * 3 * len(AUDIENCE.users)  # of the last page it is not certain yet
        assert most / 2 <= len(passed) <= most  # but for videos that the action which closes the list is on
        assert all(one.increments for one in [*outcomes, *corrections, *passed])
        assert {one.local for one in [*outcomes, *corrections, *passed]} == {"DE3"}
        assert all(0 < one.expected < 1 for one in [*outcomes, *passed])
        assert report.compared[STORE] == len(outcomes) + len(corrections) + len(passed)
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
    """A video, its tag, its creator and its users are new, and all users get it in a list before any of them likes it.

    The state holds the earlier likes when a like is learned; the features that it is learned from do not.
    """
    settings, new_users = new_stack.settings, [f"newcomer{number}" for number in range(12)]
    await put_videos(settings, [*AUDIENCE.videos[:40], NEW_VIDEO])
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        await replay_log(settings, list(simulated_actions(400)))
        pages = await show_pages(first.base_url, new_users, n=50)
        await asyncio.sleep(MARGIN_S)
        second = start().wait_ready()
        for number, (user, (list_id, ids)) in enumerate(pages.items()):
            assert NEW_VIDEO.video_id in ids
            await post(second.base_url, [action(user, NEW_VIDEO.video_id, "like", list_id)])
            await asyncio.sleep(1.5)  # the like is in the video's factors, and those of tags have been exchanged
            if number == len(pages) // 2:
                first.kill()
        liked = [one for one in await signals_of(settings) if one.video_id == NEW_VIDEO.video_id]
        assert [one.outcome for one in liked] == [OUTCOME] * len(new_users)
        for shown in await features_of_the_new_video(settings):
            assert shown.rates[:3] == (0.0, 0.0, 0.0)
            assert abs(shown.item.mean[-1]) < 1e-6  # biases of video, creator and tag are at their prior
        assert (await verify(settings, within=120)).differences == []


def simulated_actions(count):
    for at in range(count):
        user = AUDIENCE.users[at % len(AUDIENCE.users)]
        video = AUDIENCE.pick_video()
        yield Action(user, video, AUDIENCE.react(user, video), 1.7e9 + 30.0 * at, uuid4())


def action(user, video, kind, list_id=None):
    named = {} if list_id is None else {"list_id": list_id}
    return {"user_id": user, "video_id": video, "action_type": kind, **named}


async def show_pages(base_url, user_ids, acted_on=None, n=PAGE):
    """User to the id and the videos of a list that they are shown, without those that they have acted on."""
    pages, deadline = {}, time.monotonic() + 120
    async with aiohttp.ClientSession(base_url) as http:
        for user in user_ids:
            while user not in pages or (acted_on or {}).get(user, set()) & set(pages[user][1]):
                assert time.monotonic() < deadline
                async with http.get(f"/recommendations/{user}", params={"n": n}) as answer:
                    pages[user] = answer.headers["X-RecoMind-List"], [one["video_id"] for one in await answer.json()]
    return pages


async def act_on(base_url, pages):
    """View the second, like the fourth, and skip the last video of each page; then like what was viewed."""
    for user, (list_id, ids) in pages.items():
        actions = [action(user, ids[place], kind) for place, kind in ACTED_ON.items()]
        actions.append(action(user, ids[1], "like", list_id))
        await post(base_url, [one | {"context": {"country": "DE", "local_hour": 20}} for one in actions])


async def post(base_url, actions):
    async with aiohttp.ClientSession(base_url) as http, http.post("/video_actions", json=actions) as answer:
        assert answer.status == 202, await answer.text()


async def put_videos(settings, videos=AUDIENCE.videos):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(videos)
    await archive.close()


async def records_of(settings, topic):
    partitions = range(settings.partitions)
    return [one async for _, some in read_to_end(client_options(settings), topic, partitions) for one in some]


async def signals_of(settings):
    deadline, known = time.monotonic() + 60, -1
    while known != (count := len(await records_of(settings, topics.SIGNALS))) and time.monotonic() < deadline:
        known = count
        await asyncio.sleep(2)
    records = await records_of(settings, topics.SIGNALS)
    found = [one for record in records for one in decode_signals(record).video_signals]
    return list({(one.video_id, one.source, one.offset): one for one in reversed(found)}.values())  # some come twice


async def features_of_the_new_video(settings):
    events = [decode_served_list(one.value) for one in await records_of(settings, topics.SERVED_LISTS)]
    return [
        unpack(one.shown, one.video_ids.index(NEW_VIDEO.video_id), len(one.video_ids))
        for one in events
        if NEW_VIDEO.video_id in one.video_ids
    ]


def export(settings, folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    done = run_recomind(settings, "export", "--served", str(folder))
    assert done.returncode == 0, done.stderr
    assert f"are in {folder}" in done.stdout
    files = sorted(folder.iterdir())
    assert [one.name for one in files] == [f"served-{n:05d}.parquet" for n in range(settings.partitions)]
    again = run_recomind(settings, "export", "--served", str(folder))
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert all(json.loads(row["arms"]) == {} and 0 < row["propensity"] <= 1 for row in rows)
    return rows


def run_recomind(settings, *arguments):
    line, environment = [sys.executable, "-m", "recomind", *arguments], {**os.environ, **settings.environ()}
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=150)


async def send_false_outcome(settings, outcome):
    """A signal that says that a place was passed over, where none was."""
    signal = PassedOverSignal("false", outcome.source, Offset(outcome.offset), outcome.timestamp, outcome.user_id)
    producer = Producer(client_options(settings))
    await producer.start()
    partition = partition_of("false", settings.partitions)
    record = ProducerRecord(None, encode_signals([signal]), VERSION_HEADERS)
    await producer.send_in_order(topics.SIGNALS, partition, [record])
    await producer.stop()
