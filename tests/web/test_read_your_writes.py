"""Read your own writes, on a real worker: tokens, and waiting for them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import pytest

from recomind_web.read_your_writes import merge_tokens


@pytest.fixture
async def http(worker):
    async with aiohttp.ClientSession(worker.base_url) as session:
        for n in range(4):
            async with session.put(f"/videos/after{n}", json={"title": f"A{n}", "tags": ["after"]}) as answer:
                assert answer.status == 200
        yield session


def like(user, n=0, **more):
    return {"user_id": user, "video_id": f"after{n}", "action_type": "like", **more}


async def post(http, *actions):
    path, body = ("/video_actions", list(actions)) if len(actions) > 1 else ("/video_action", actions[0])
    async with http.post(path, json=body) as answer:
        assert answer.status == 202
        return answer.headers.get("X-RecoMind-Token") or (await answer.json())["token"]


async def recommended(http, user, token):
    async with http.get(f"/recommendations/{user}", params={"n": 50, "after": token}) as answer:
        assert answer.status == 200
        return answer.headers["X-RecoMind-After"], {video["video_id"] for video in await answer.json()}


async def until_counted(http, user, token):
    """Repeat the request: a second may be too short on a busy machine."""
    for _ in range(30):
        status, videos = await recommended(http, user, token)
        if status == "counted":
            return videos
    raise AssertionError("the action was never counted")


async def test_a_list_read_with_the_token_of_an_action_reflects_it(http):
    user = uuid4().hex
    for n in range(3):
        assert f"after{n}" not in await until_counted(http, user, await post(http, like(user, n)))


async def test_the_token_of_a_repeated_event_is_counted_too(http):
    user, event = uuid4().hex, str(uuid4())
    await until_counted(http, user, await post(http, like(user, event_id=event)))
    await until_counted(http, user, await post(http, like(user, event_id=event)))


async def test_a_batch_has_one_token_for_all_its_users(http):
    users = [uuid4().hex for _ in range(12)]
    token = await post(http, *(like(user) for user in users))
    for user in users:
        assert "after0" not in await until_counted(http, user, token)


async def test_an_action_that_is_not_in_the_log_yet_is_pending(http):
    user = uuid4().hex
    partition, offset = (await post(http, like(user))).split(":")
    status, _ = await recommended(http, user, f"{partition}:{int(offset) + 1000}")
    assert status == "pending"


@pytest.mark.parametrize("token", ["", "x", "1", "1:", ":1", "1:2,", "1:-2", "1:2;3:4", "1:" + "9" * 99])
async def test_an_invalid_token_is_refused(http, token):
    async with http.get("/recommendations/u", params={"after": token}) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["field"] == "after"


async def test_a_list_has_its_lag_in_a_header(http):
    """An action that is stamped ahead moves the time of all lists only to the present."""
    early, late = uuid4().hex, uuid4().hex
    await until_counted(http, early, await post(http, like(early)))
    first = await as_of_and_lag(http, early)
    await asyncio.sleep(1.5)
    ahead = datetime.now(UTC) + timedelta(seconds=200)
    await until_counted(http, late, await post(http, like(late, timestamp=ahead.isoformat())))
    as_of, lag = await as_of_and_lag(http, early)
    assert as_of == first[0]  # the same list
    assert first[1] >= 0
    assert 1 <= lag < 100
    assert (await as_of_and_lag(http, late))[1] == 0


async def as_of_and_lag(http, user):
    async with http.get(f"/recommendations/{user}") as answer:
        assert answer.headers["X-RecoMind-Source"] == "cache"
        return float(answer.headers["X-As-Of"]), float(answer.headers["X-RecoMind-Lag"])


def test_a_merged_token_has_the_highest_offset_of_each_partition():
    assert merge_tokens(["1:7", "0:3", "1:9", "1:8"]) == "0:3,1:9"
    assert merge_tokens([]) == ""
