"""Users are erased while other actions arrive, and the state becomes that of a log that never had them."""

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
from recomind.offline.rebuild import log_of, rebuild
from recomind.offline.verification.verify import verify
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, counted
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.codec import decode_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end
from recomind.stream.log_replay import replay_log
from tests.acceptance import recount
from tests.acceptance.test_exactness import send_with_faults
from tests.conftest import workers

AUDIENCE = Audience(30, 80, 4)
GONE, BACK = AUDIENCE.users[0], AUDIENCE.users[1]
"""Two users who are erased; the second one acts again later."""


def simulated_actions(seed, number, users=AUDIENCE.users):
    """Actions within one hour, so that no popularity window or epoch ends in between."""
    rng = np.random.default_rng(seed)
    for at in range(number):
        user, video = users[rng.integers(len(users))], AUDIENCE.pick_video()
        yield Action(user, video, AUDIENCE.react(user, video), 1.7e9 + seed * 600 + at / number * 600, uuid4())


async def test_erased_users_leave_nothing_behind_and_returning_and_other_users_lose_nothing(new_stack, tmp_path):
    settings = replace(new_stack.settings, partitions=4)
    many = [Action(GONE, f"many-{number}", "view", 1.7e9, uuid4()) for number in range(700)]
    before, meanwhile = list(simulated_actions(0, 2500)), list(simulated_actions(1, 2500, AUDIENCE.users[2:]))
    after = list(simulated_actions(2, 1500, AUDIENCE.users[1:]))
    with workers(settings, tmp_path) as start:
        first, second = start().wait_ready(), start().wait_ready()
        await put_videos(settings)
        await put_user(first.base_url, GONE)
        await replay_log(settings, many)
        await send_with_faults(settings, before)
        await wait_until_exact(settings, many + before)
        assert {f"seen_block:{GONE}:0", f"seen_block:{GONE}:1"} <= set(await keys_of_user(settings, GONE))
        asked_at = datetime.now(UTC)
        busy = asyncio.create_task(replay_log(settings, meanwhile, speed=300))
        receipts = {user: await erase(first.base_url, user) for user in (GONE, BACK)}
        await asyncio.sleep(0.3)
        second.kill()  # in the middle of it: the new owner of the partitions starts the erasure again
        await replay_log(settings, after)
        await busy
        for user, receipt in receipts.items():
            assert await wait_until_done(first.base_url, user, receipt) == []
        remaining = [one for one in before if one.user_id not in receipts] + meanwhile + after
        await wait_until_exact(settings, remaining)
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.compared["table forgetting"] == 2 * settings.partitions
        assert await recount.fetch_rows(settings, "SELECT * FROM users WHERE user_id = $1", GONE) == []
        assert await keys_of_user(settings, GONE) == []
        await assert_equal_to_a_log_without_them(settings, receipts)
        await assert_is_a_new_user(first.base_url, GONE)
        await assert_a_replay_is_equal(settings, remaining, asked_at, meanwhile + after)
        assert first.stop() == 0


async def put_videos(settings):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(AUDIENCE.videos)
    await archive.close()


async def put_user(base_url, user):
    async with aiohttp.ClientSession(base_url) as http:
        async with http.put(f"/users/{user}", json={"name": "Somebody"}) as answer:
            assert answer.status == 200
        async with http.get(f"/recommendations/{user}") as answer:
            assert answer.status == 200


async def erase(base_url, user):
    async with aiohttp.ClientSession(base_url) as http, http.delete(f"/users/{user}") as answer:
        assert answer.status == 202
        body = await answer.json()
        assert body["user_id"] == user
        return body["receipt"]


async def wait_until_done(base_url, user, receipt):
    async with aiohttp.ClientSession(base_url) as http:
        for _ in range(240):
            async with http.get(f"/users/{user}/forgetting/{receipt}") as answer:
                body = await answer.json() if answer.status == 200 else {"state": answer.status}
                if body["state"] == "done":
                    return body["waits_for"]
            await asyncio.sleep(0.5)
    raise AssertionError(body)


async def wait_until_exact(settings, actions):
    expected = recount.counts_by_video(actions)

    async def in_table():
        return {video: counts for video, counts in (await recount.table_counts(settings)).items() if any(counts)}

    assert await recount.wait_until_equal(lambda: recount.archived_counts(settings), expected, 150) == expected
    assert await recount.wait_until_equal(in_table, expected, 150) == expected


async def keys_of_user(settings, user):
    """Every Redis key with data of a user, without the markers of their erasure."""
    values = RedisStore(settings.redis_url)
    found = [key async for key in values.scan_keys("") if f":{user}:" in f"{key}:"]
    videos = [video.video_id for video in AUDIENCE.videos]
    neighbours = await ReadModel(values).neighbours(videos)
    found += [video for video, one in neighbours.items() if user in {liker.user_id for liker in one.likers}]
    await values.close()
    return [key for key in found if not key.startswith(("forgotten:", "forgetting:"))]


async def assert_equal_to_a_log_without_them(settings, receipts):
    """The tables equal those of an engine that never saw the erased actions, apart from applied offsets.

    Signals of different partitions have another order there: float sums differ in the last bits.
    """
    engine, observed = Engine(learning=False), 0
    until = {user: int(receipt.partition(":")[2]) for user, receipt in receipts.items()}
    log = await log_of(settings)
    async for _, records in read_to_end(client_options(settings), topics.ACTIONS, range(settings.partitions)):
        for decoded in (decode_record(record, log) for record in records):
            if not isinstance(decoded.action, Action) or decoded.misrouted:
                continue
            if decoded.record.offset > until.get(decoded.action.user_id, -1):
                engine.observe(decoded.action, decoded.source_offset)
                observed += 1
    assert observed > 4000
    profiles = await recount.table_values(settings, "profiles", Profile)
    gone = profiles[GONE]
    assert gone == Profile(
        applied_offsets=gone.applied_offsets, erasure_offset=gone.erasure_offset, lists_since=gone.lists_since
    )
    assert canonical_profiles(profiles) == canonical_profiles(engine.profiles)
    neighbours = await recount.table_values(settings, "neighbours", Neighbours)
    assert canonical_neighbours(neighbours) == canonical_neighbours(engine.neighbours)
    popularity = await recount.table_values(settings, "popularity", Popularity)
    counted = {video: one for video, one in popularity.items() if one.counts.total}
    assert counted.keys() == engine.popularity.keys()
    for video, found in counted.items():
        expected = engine.popularity[video]
        exact = {"applied_offsets": {}, "like_scores": (), "action_scores": (), "factor_sums": b""}
        assert msgspec.structs.replace(found, **exact) == msgspec.structs.replace(expected, **exact)
        assert found.like_scores == pytest.approx(expected.like_scores)
        assert found.action_scores == pytest.approx(expected.action_scores)


def canonical_profiles(profiles):
    """Profiles with seen videos and event ids sorted, as their order is that of arrival."""
    return {
        user: (
            *msgspec.structs.astuple(
                msgspec.structs.replace(counted(one), applied_offsets={}, seen=b"", event_ids=b"", erasure_offset=-1)
            ),
            sorted(one.seen[at : at + 4] for at in range(0, len(one.seen), 4)),
            sorted(one.event_ids[at : at + 8] for at in range(0, len(one.event_ids), 8)),
        )
        for user, one in profiles.items()
        if not one.is_erased
    }


def canonical_neighbours(neighbours):
    """Neighbours without their order, and without videos that no user likes."""
    found = {}
    for video, one in neighbours.items():
        if one.video_ids or one.likers:
            found[video] = (dict(one.items()), one.likers, one.outgoing_weight, one.epoch)
    return found


async def assert_a_replay_is_equal(settings, remaining, asked_at, since):
    state = await rebuild(settings, None, lambda _: None)
    assert {video: astuple(one.counts) for video, one in state.popularity.items()} == recount.counts_by_video(remaining)
    live = await recount.table_values(settings, "profiles", Profile)
    assert canonical_profiles(state.profiles) == canonical_profiles(live)
    into = Path(settings.data_dir) / "rebuilt"
    found = json.loads(replayed(settings, "--json", "-n", "1000", "--from", asked_at.isoformat(), "--into", into))
    entries = [json.loads(line) for line in into.read_text().splitlines()]
    counts = {one["video_id"]: (one["likes"], one["views"], one["skips"]) for one in entries if "video_id" in one}
    assert counts == recount.counts_by_video(since)
    assert found["people"] == len({action.user_id for action in since})
    assert sum(found["records"][kind] for kind in ("like", "view", "skip")) == len(since)
    assert {one["video_id"]: tuple(one.values())[1:] for one in found["trending"]} == counts


def replayed(settings, *words):
    line = [sys.executable, "-m", "recomind", "replay", *words]
    environment = {**os.environ, **settings.environ()}
    return subprocess.run(line, env=environment, capture_output=True, check=True, timeout=120).stdout


async def assert_is_a_new_user(base_url, user):
    async with aiohttp.ClientSession(base_url) as http:
        async with http.get(f"/users/{user}/profile") as answer:
            body = await answer.json()
        assert (body["likes"], body["views"], body["skips"], body["recent_likes"]) == (0, 0, 0, [])
        async with http.get(f"/recommendations/{user}") as answer:
            assert answer.headers["X-RecoMind-Source"] == "cold"
        async with http.get(f"/users/{user}/forgetting/0:999999") as answer:
            assert answer.status == 404
