"""Lists for users whom Redis has lost: PostgreSQL says what they have seen."""

import json
import time
from uuid import uuid4

import asyncpg
import pytest

from recomind.stores import keys
from tests.web.test_api import put_videos, wait_for


async def act(http, user, videos, kind):
    body = [{"user_id": user, "video_id": video, "action_type": kind} for video in videos]
    async with http.post("/video_actions", json=body) as answer:
        assert answer.status == 202
        return answer.headers["X-RecoMind-Token"]


async def get_list(http, user, **query):
    async with http.get(f"/recommendations/{user}", params={"n": 50, **query}) as answer:
        assert answer.status == 200
        return [video["video_id"] for video in json.loads(await answer.read())], answer.headers


async def act_and_wait(http, user, videos):
    token, deadline = await act(http, user, videos, "view"), time.monotonic() + 30
    while (await get_list(http, user, after=token))[1]["X-RecoMind-After"] != "counted":
        assert time.monotonic() < deadline


async def until_archived(stack, user, count):
    """Wait until PostgreSQL has a user's actions: they are counted before they are archived."""
    connection = await asyncpg.connect(stack.settings.postgres_dsn)

    async def has_all():
        query = "SELECT count(*) FROM video_actions WHERE user_id = $1"
        return await connection.fetchval(query, user) >= count

    try:
        await wait_for(has_all, 30)
    finally:
        await connection.close()


@pytest.mark.parametrize("lost", ["profile", "block"])
async def test_a_list_ranked_from_the_archive_shows_nothing_that_was_seen(http, stack, worker, redis, lost):
    user, tag = uuid4().hex, uuid4().hex[:8]
    videos = await put_videos(http, 120, tag)
    for fan in range(3):
        await act(http, f"{tag}-{fan}", videos[:100], "like")
    await act_and_wait(http, user, [f"{tag}-earlier-{number}" for number in range(300)])
    await act_and_wait(http, user, videos[:100])
    await until_archived(stack, user, 400)
    lost_keys = {
        "profile": [keys.user_state(user), keys.seen_block(user, 0)],
        "block": [keys.seen_block(user, 0)],
    }
    assert None not in await redis.get_many(lost_keys[lost])
    await redis.delete([*lost_keys[lost], keys.recommendations(user), keys.recommendations_meta(user)])
    found, headers = await get_list(http, user)
    assert headers["X-RecoMind-Source"] == "cold"
    assert found
    assert set(videos[:100]).isdisjoint(found)
