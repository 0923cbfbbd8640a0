"""Ids that nobody has acted under: they are answered, and take no memory anywhere."""

from uuid import uuid4

from tests.web.test_api import act, get, put_videos, wait_for


async def keys_with(redis, text):
    return [key async for key in redis.scan_keys("") if text in key]


async def test_nothing_is_stored_for_users_who_have_never_acted(http, redis):
    for entry in await get(http, "/experiments"):  # of a test that has failed: it would split these users
        async with http.delete(f"/experiments/{entry['name']}") as answer:
            assert answer.status == 200
    await put_videos(http, 2, uuid4().hex[:8])
    tag = uuid4().hex

    async def all_have_the_same():  # once the videos have come back from Kafka, and likes of other tests are counted
        lists = [await get(http, f"/recommendations/{tag}-{number}") for number in range(20)]
        return lists[0] and all(one == lists[0] for one in lists)

    await wait_for(all_have_the_same)
    for path in (f"/feed/{tag}-0", f"/users/{tag}-0/profile", f"/users/{tag}-0/similar", f"/explain/{tag}-0/{tag}-v"):
        await get(http, path)
    assert await get(http, f"/videos/{tag}-v/similar") == []
    assert await keys_with(redis, tag) == []


async def test_the_list_of_a_user_is_stored_from_the_first_action_on(http, redis):
    [video, _] = await put_videos(http, 2, uuid4().hex[:8])
    user = uuid4().hex
    await get(http, f"/recommendations/{user}")
    await act(http, user, video)

    async def stored():
        return f"recommendations:{user}" in await keys_with(redis, user)

    await wait_for(stored)
    assert video not in {one["video_id"] for one in await get(http, f"/recommendations/{user}?n=50")}
