"""`DELETE /users/{user_id}` on a real worker."""

import asyncio
from uuid import uuid4

import aiohttp
import pytest

from tests.web.test_api import act, get, put_videos, wait_for


@pytest.fixture
async def http(worker):
    async with aiohttp.ClientSession(worker.base) as session:
        yield session


async def delete(http, user):
    async with http.delete(f"/users/{user}") as answer:
        assert answer.status == 202
        return await answer.json()


async def until_done(http, user, receipt):
    async def done():
        async with http.get(f"/users/{user}/forgetting/{receipt}") as answer:
            told = await answer.json()
            return told if told.get("state") == "done" else None

    return await wait_for(done, 60)


async def test_a_person_is_forgotten_and_begins_anew(http):
    videos = await put_videos(http, 4, uuid4().hex[:8])
    user, fan = f"gone:{uuid4().hex}", uuid4().hex
    for person in (user, fan):
        for video in videos[:2]:
            await act(http, person, video)

    async def similar():
        return [one["user_id"] for one in await get(http, f"/users/{fan}/similar?n=50")]

    async def is_similar():
        return user in await similar()

    await wait_for(is_similar, 30)

    async def liked_once():
        return {one["video_id"]: one["likes"] for one in await trends(http, videos)} == dict.fromkeys(videos[:2], 1)

    receipt = (await delete(http, user))["receipt"]
    told = await until_done(http, user, receipt)
    assert told == {"user_id": user, "receipt": receipt, "state": "done", "waits_for": []}
    person = await get(http, f"/users/{user}/profile")
    assert (person["likes"], person["recent_likes"], person["top_tags"]) == (0, [], [])
    await wait_for(liked_once, 30)

    async def is_unknown():
        return user not in await similar()

    await wait_for(is_unknown, 30)
    await act(http, user, videos[3])

    async def is_back():
        return (await get(http, f"/users/{user}/profile"))["recent_likes"] == [videos[3]]

    await wait_for(is_back, 30)
    again = (await delete(http, user))["receipt"]
    assert again != receipt
    await until_done(http, user, again)
    assert (await get(http, f"/users/{user}/profile"))["likes"] == 0


async def trends(http, videos):
    tag = (await get(http, f"/videos/{videos[0]}"))["tags"][0]
    return await get(http, f"/trending/details?n=50&tag={tag}")


async def test_somebody_unknown_is_forgotten_as_well_and_two_at_once(http):
    user = uuid4().hex
    first, second = await asyncio.gather(delete(http, user), delete(http, user))
    for one in (first, second):
        await until_done(http, user, one["receipt"])


@pytest.mark.parametrize("receipt", ["0:99999999", "nothing", "9:1"])
async def test_a_receipt_that_was_never_given_is_not_found(http, receipt):
    await get(http, f"/users/{uuid4().hex}/forgetting/{receipt}", 404)
