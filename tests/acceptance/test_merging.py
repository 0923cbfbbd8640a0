"""Anonymous sessions are merged into users under load and with a kill: the state is that of a log without sessions."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import aiohttp
import msgspec
import numpy as np
import pytest

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.rebuild import rebuild
from recomind.offline.verification.compare_merged import STORE
from recomind.offline.verification.verify import verify
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import MAX_LIKES, Profile
from recomind.stores.archive import Archive
from recomind.stream.log_replay import replay_log
from recomind.stream.partitioner import partition_of
from tests.acceptance import recount
from tests.acceptance.test_erasure import wait_until_exact
from tests.acceptance.test_exactness import send_with_faults
from tests.conftest import workers

AUDIENCE = Audience(30, 80, 4)
SESSIONS = [f"session:{number}" for number in range(6)]
INTO = dict(zip(SESSIONS, [*AUDIENCE.users[:4], AUDIENCE.users[0], "newcomer"], strict=True))
"""Two sessions are merged into the first user; one into a user who has done nothing."""


def simulated_actions(seed, number, users):
    """Actions within one hour, so that no popularity window or epoch ends in between."""
    rng = np.random.default_rng(seed)
    for at in range(number):
        user, video = users[rng.integers(len(users))], AUDIENCE.pick_video()
        taste = user if user in AUDIENCE.users else AUDIENCE.users[at % 30]
        yield Action(user, video, AUDIENCE.react(taste, video), 1.7e9 + seed * 600 + at / number * 600, uuid4())


async def test_merged_sessions_are_what_their_users_did(new_stack, tmp_path):
    settings = replace(new_stack.settings, partitions=4)
    assert {partition_of(session, 4) != partition_of(user, 4) for session, user in INTO.items()} == {True, False}
    many = [Action(SESSIONS[0], f"many-{number}", "like", 1.7e9 + number / 10, uuid4()) for number in range(700)]
    before = list(simulated_actions(0, 2500, [*AUDIENCE.users, *SESSIONS]))
    meanwhile = list(simulated_actions(1, 2500, AUDIENCE.users))
    with workers(settings, tmp_path) as start:
        first, second = start().wait_ready(), start().wait_ready()
        await put_videos(settings)
        await replay_log(settings, many)
        await send_with_faults(settings, before)
        await wait_until_exact(settings, many + before)
        busy = asyncio.create_task(replay_log(settings, meanwhile, speed=300))
        receipts = [await merge(first.base_url, user, session) for session, user in INTO.items()]
        await asyncio.sleep(0.3)
        second.kill()  # in the middle of it: what is written twice counts once
        await busy
        for receipt in receipts:
            await wait_until_done(first.base_url, receipt)
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.compared[STORE] >= 700 + 100
        actions = [replace_user(one) for one in many + before + meanwhile]
        assert await recount.archived_counts(settings) == recount.counts_by_video(actions)
        await assert_equal_to_a_log_without_sessions(settings, actions)
        assert first.stop() == 0


def replace_user(action):
    return msgspec.structs.replace(action, user_id=INTO.get(action.user_id, action.user_id))


async def put_videos(settings):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(AUDIENCE.videos)
    await archive.close()


async def merge(base_url, user, session):
    async with (
        aiohttp.ClientSession(base_url) as http,
        http.post(f"/users/{user}/merge", json={"session": session}) as answer,
    ):
        assert answer.status == 202
        return await answer.json()


async def wait_until_done(base_url, receipt):
    path = "/users/{user_id}/merge/{session}/{receipt}".format(**receipt)
    async with aiohttp.ClientSession(base_url) as http:
        for _ in range(240):
            async with http.get(path) as answer:
                body = await answer.json() if answer.status == 200 else {"state": answer.status}
                if body["state"] == "done":
                    return
            await asyncio.sleep(0.5)
    raise AssertionError(body)


async def assert_equal_to_a_log_without_sessions(settings, actions):
    """The tables hold what the users would have if they had done all of it; only the order of arrival differs."""
    profiles = await recount.table_values(settings, "profiles", Profile)
    assert all(profiles[session].is_erased for session in SESSIONS)
    done = {user: [one for one in actions if one.user_id == user] for user in INTO.values()}
    for user, own in done.items():
        found, likes = profiles[user], latest(own, "like")
        assert (found.like_count, found.view_count, found.skip_count) == tuple(
            sum(one.action_type == kind for one in own) for kind in ("like", "view", "skip")
        )
        assert {(like.video_id, like.timestamp) for like in found.likes} == set(likes[-MAX_LIKES:])
    popularity = await recount.table_values(settings, "popularity", Popularity)
    engine = Engine(learning=False)
    for offset, action in enumerate(sorted(actions, key=lambda one: one.timestamp)):
        engine.observe(action, SourceOffset(0, offset))
    first_likes = {video: users_who_like(one) for video, one in engine.popularity.items()}
    assert {video: users_who_like(one) for video, one in popularity.items() if one.counts.total} == first_likes
    for video, one in engine.popularity.items():
        assert popularity[video].counts == one.counts
        assert popularity[video].like_scores == pytest.approx(one.like_scores)
    neighbours = await recount.table_values(settings, "neighbours", Neighbours)
    assert not {liker.user_id for one in neighbours.values() for liker in one.likers} & set(SESSIONS)
    rebuilt = await rebuild(settings, None, lambda _: None)
    assert {video: users_who_like(one) for video, one in rebuilt.popularity.items()} == first_likes
    rows = await recount.fetch_rows(settings, "SELECT * FROM video_actions WHERE user_id LIKE 'session:%'")
    assert rows == []


def latest(actions, kind):
    """(video, time) of the latest action of a kind on each video, oldest first."""
    times = {}
    for one in actions:
        if one.action_type == kind:
            times[one.video_id] = max(one.timestamp, times.get(one.video_id, 0.0))
    return sorted(times.items(), key=lambda pair: (pair[1], pair[0]))


def users_who_like(popularity):
    """How many users like a video, altogether and by hour."""
    return popularity.first_likes, {hour: counts.likes for hour, counts in popularity.hours.items()}
