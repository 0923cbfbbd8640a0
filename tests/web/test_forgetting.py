"""Erasing a user by `DELETE /users/{user_id}`, on a real worker."""

import asyncio
from uuid import uuid4

import pytest

from tests.web.test_api import act, get, put_videos, wait_for


async def erase(http, user):
    async with http.delete(f"/users/{user}") as answer:
        assert answer.status == 202
        return await answer.json()


async def until_done(http, user, receipt):
    async def done():
        async with http.get(f"/users/{user}/forgetting/{receipt}") as answer:
            progress = await answer.json()
            return progress if progress.get("state") == "done" else None

    return await wait_for(done, 60)


async def test_an_erased_user_starts_again_as_a_new_user(http):
    videos = await put_videos(http, 4, uuid4().hex[:8])
    user, other = f"erased:{uuid4().hex}", uuid4().hex
    for liker in (user, other):
        for video in videos[:2]:
            await act(http, liker, video)

    async def similar():
        return [one["user_id"] for one in await get(http, f"/users/{other}/similar?n=50")]

    async def is_similar():
        return user in await similar()

    await wait_for(is_similar, 30)

    async def liked_once():
        return {one["video_id"]: one["likes"] for one in await trends(http, videos)} == dict.fromkeys(videos[:2], 1)

    receipt = (await erase(http, user))["receipt"]
    progress = await until_done(http, user, receipt)
    assert progress == {"user_id": user, "receipt": receipt, "state": "done", "waits_for": []}
    profile = await get(http, f"/users/{user}/profile")
    assert (profile["likes"], profile["recent_likes"], profile["top_tags"]) == (0, [], [])
    await wait_for(liked_once, 30)

    async def is_no_longer_similar():
        return user not in await similar()

    await wait_for(is_no_longer_similar, 30)
    await act(http, user, videos[3])

    async def has_new_profile():
        return (await get(http, f"/users/{user}/profile"))["recent_likes"] == [videos[3]]

    await wait_for(has_new_profile, 30)
    second = (await erase(http, user))["receipt"]
    assert second != receipt
    await until_done(http, user, second)
    assert (await get(http, f"/users/{user}/profile"))["likes"] == 0


async def trends(http, videos):
    tag = (await get(http, f"/videos/{videos[0]}"))["tags"][0]
    return await get(http, f"/trending/details?n=50&tag={tag}")


async def test_an_unknown_user_can_be_erased_twice_at_once(http):
    user = uuid4().hex
    first, second = await asyncio.gather(erase(http, user), erase(http, user))
    for erasure in (first, second):
        await until_done(http, user, erasure["receipt"])


@pytest.mark.parametrize("receipt", ["0:99999999", "nothing", "9:1"])
async def test_a_receipt_that_was_never_issued_is_not_found(http, receipt):
    await get(http, f"/users/{uuid4().hex}/forgetting/{receipt}", 404)
