"""A person is forgotten while everything goes on, and the state is that of a log which never had her."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import msgspec
import numpy as np
import pytest
from msgspec.structs import astuple

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.offline.engine import Engine
from recomind.offline.rebuild import rebuild
from recomind.offline.verification.verify import verify
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from recomind.stream.codec import read_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end
from recomind.stream.log_replay import feed
from tests.acceptance import recount
from tests.acceptance.test_exactness import send_badly
from tests.conftest import workers

AUDIENCE = Audience(30, 80, 4)
GONE, BACK = AUDIENCE.people[0], AUDIENCE.people[1]
"""Two who are forgotten; the second comes back."""


def reactions(seed, number, people=AUDIENCE.people):
    """Actions of an hour, so that no window or epoch ends in between."""
    rng = np.random.default_rng(seed)
    for at in range(number):
        person, video = people[rng.integers(len(people))], AUDIENCE.pick_video()
        yield Action(person, video, AUDIENCE.react(person, video), 1.7e9 + seed * 600 + at / number * 600, uuid4())


async def test_whoever_is_forgotten_has_left_nothing_while_others_and_whoever_comes_back_lose_nothing(
    new_stack, tmp_path
):
    settings = replace(new_stack.settings, partitions=4)
    before, meanwhile = list(reactions(0, 2500)), list(reactions(1, 2500, AUDIENCE.people[2:]))
    after = list(reactions(2, 1500, AUDIENCE.people[1:]))
    with workers(settings, tmp_path) as start:
        first, second = start().wait_ready(), start().wait_ready()
        await put_videos(settings)
        await put_user(first.base, GONE)
        await send_badly(settings, before)
        await until_exact(settings, before)
        moment = datetime.now(UTC)
        busy = asyncio.create_task(feed(settings, meanwhile, speed=300))
        receipts = {person: await forget(first.base, person) for person in (GONE, BACK)}
        await asyncio.sleep(0.3)
        second.kill()  # in the middle of it: whoever takes over begins again
        await feed(settings, after)
        await busy
        for person, receipt in receipts.items():
            assert await until_done(first.base, person, receipt) == []
        kept = [one for one in before if one.user_id not in receipts] + meanwhile + after
        await until_exact(settings, kept)
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.compared["table forgetting"] == 2 * settings.partitions
        assert await recount.rows(settings, "SELECT * FROM users WHERE user_id = $1", GONE) == []
        assert await keys_about(settings, GONE) == []
        await assert_the_same_as_without(settings, receipts)
        await assert_a_new_person(first.base, GONE)
        await assert_a_replay_is_the_same(settings, kept, moment, meanwhile + after)
        assert first.stop() == 0


async def put_videos(settings):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(AUDIENCE.videos)
    await archive.close()


async def put_user(base, user):
    async with aiohttp.ClientSession(base) as http:
        async with http.put(f"/users/{user}", json={"name": "Somebody"}) as answer:
            assert answer.status == 200
        async with http.get(f"/recommendations/{user}") as answer:
            assert answer.status == 200


async def forget(base, user):
    async with aiohttp.ClientSession(base) as http, http.delete(f"/users/{user}") as answer:
        assert answer.status == 202
        told = await answer.json()
        assert told["user_id"] == user
        return told["receipt"]


async def until_done(base, user, receipt):
    async with aiohttp.ClientSession(base) as http:
        for _ in range(240):
            async with http.get(f"/users/{user}/forgetting/{receipt}") as answer:
                told = await answer.json() if answer.status == 200 else {"state": answer.status}
                if told["state"] == "done":
                    return told["waits_for"]
            await asyncio.sleep(0.5)
    raise AssertionError(told)


async def until_exact(settings, actions):
    expected = recount.by_video(actions)

    async def in_table():
        return {video: counts for video, counts in (await recount.counted(settings)).items() if any(counts)}

    assert await recount.until_equal(lambda: recount.archived(settings), expected, 150) == expected
    assert await recount.until_equal(in_table, expected, 150) == expected


async def keys_about(settings, user):
    """Every key of Redis about a person, but for those that say that she was forgotten."""
    values = RedisValues(settings.redis_url)
    found = [key async for key in values.keys_under("") if key.endswith(f":{user}")]
    videos = [video.video_id for video in AUDIENCE.videos]
    neighbours = await ReadModel(values).neighbours(videos)
    found += [video for video, one in neighbours.items() if user in {liker.user_id for liker in one.likers}]
    await values.close()
    return [key for key in found if not key.startswith(("forgotten:", "forgetting:"))]


async def assert_the_same_as_without(settings, receipts):
    """The tables are those of an engine that was never told of the forgotten, apart from origins.

    Signals of different partitions came in another order there: sums of floats differ in their last bits.
    """
    engine, told = Engine(learning=False), 0
    until = {person: int(receipt.partition(":")[2]) for person, receipt in receipts.items()}
    async for _, records in read_to_end(client_options(settings), topics.ACTIONS, range(settings.partitions)):
        for read in (read_record(record, settings.partitions) for record in records):
            if not isinstance(read.action, Action) or read.astray:
                continue
            if read.record.offset > until.get(read.action.user_id, -1):
                engine.observe(read.action, read.origin)
                told += 1
    assert told > 4000
    profiles = await recount.table(settings, "profiles", Profile)
    assert profiles[GONE] == Profile(origins=profiles[GONE].origins, forgotten_at=profiles[GONE].forgotten_at)
    assert canonical_people(profiles) == canonical_people(engine.profiles)
    neighbours = await recount.table(settings, "neighbours", Neighbours)
    assert canonical_neighbours(neighbours) == canonical_neighbours(engine.neighbours)
    popularity = await recount.table(settings, "popularity", Popularity)
    counted = {video: one for video, one in popularity.items() if one.counts.total}
    assert counted.keys() == engine.popularity.keys()
    for video, found in counted.items():
        expected = engine.popularity[video]
        exact = {"origins": {}, "liked": (), "shown": ()}
        assert msgspec.structs.replace(found, **exact) == msgspec.structs.replace(expected, **exact)
        assert found.liked == pytest.approx(expected.liked)
        assert found.shown == pytest.approx(expected.shown)


def canonical_people(profiles):
    """What was seen and the event ids are in the order of arrival."""
    return {
        user: (
            *msgspec.structs.astuple(
                msgspec.structs.replace(one, origins={}, seen=b"", event_ids=b"", forgotten_at=-1)
            ),
            sorted(one.seen[at : at + 4] for at in range(0, len(one.seen), 4)),
            sorted(one.event_ids[at : at + 8] for at in range(0, len(one.event_ids), 8)),
        )
        for user, one in profiles.items()
        if not one.is_blank
    }


def canonical_neighbours(neighbours):
    """Without the order in which others were met, and videos that nobody likes."""
    found = {}
    for video, one in neighbours.items():
        if one.others or one.likers:
            found[video] = (dict(one.company()), one.likers, one.left, one.epoch)
    return found


async def assert_a_replay_is_the_same(settings, kept, moment, since):
    shadow = await rebuild(settings, None, lambda _: None)
    assert {video: astuple(one.counts) for video, one in shadow.popularity.items()} == recount.by_video(kept)
    live = await recount.table(settings, "profiles", Profile)
    assert canonical_people(shadow.profiles) == canonical_people(live)
    into = Path(settings.data_dir) / "shadow"
    found = json.loads(replayed(settings, "--json", "-n", "1000", "--from", moment.isoformat(), "--into", into))
    entries = [json.loads(line) for line in into.read_text().splitlines()]
    counts = {one["video_id"]: (one["likes"], one["views"], one["skips"]) for one in entries if "video_id" in one}
    assert counts == recount.by_video(since)
    assert found["people"] == len({action.user_id for action in since})
    assert sum(found["records"][kind] for kind in ("like", "view", "skip")) == len(since)
    assert {one["video_id"]: tuple(one.values())[1:] for one in found["trending"]} == counts


def replayed(settings, *words):
    line = [sys.executable, "-m", "recomind", "replay", *words]
    environment = {**os.environ, **settings.environ()}
    return subprocess.run(line, env=environment, capture_output=True, check=True, timeout=120).stdout


async def assert_a_new_person(base, user):
    async with aiohttp.ClientSession(base) as http:
        async with http.get(f"/users/{user}/profile") as answer:
            told = await answer.json()
        assert (told["likes"], told["views"], told["skips"], told["recent_likes"]) == (0, 0, 0, [])
        async with http.get(f"/recommendations/{user}") as answer:
            assert answer.headers["X-RecoMind-Source"] == "cold"
        async with http.get(f"/users/{user}/forgetting/0:999999") as answer:
            assert answer.status == 404
