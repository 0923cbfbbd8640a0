"""Taking videos down by `DELETE` and `PUT`, on a real worker."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import pytest

from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.redis_store import RedisStore
from tests.web.test_api import act, get, put_videos, wait_for

PAST = "2026-01-02T00:00:00Z"


async def put(http, video, **details):
    async with http.put(f"/videos/{video}", json={"title": "T", **details}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json(), answer.headers["X-RecoMind-Receipt"]


async def delete(http, video):
    async with http.delete(f"/videos/{quote(video, safe='')}") as answer:
        assert answer.status == 202, await answer.text()
        return (await answer.json())["receipt"]


async def until_done(http, video, receipt):
    progress, deadline = {}, monotonic() + 30
    while progress.get("state") != "done" and monotonic() < deadline:
        await asyncio.sleep(0.05)
        progress = await get(http, f"/videos/{video}/changes/{receipt}")
    assert progress == {"video_id": video, "receipt": receipt, "state": "done", "waits_for": []}


async def ids(http, path):
    found = await get(http, path)
    return [video["video_id"] for video in (found["videos"] if isinstance(found, dict) else found)]


async def lists_with(http, video, tag, users):
    """The names of the lists that hold a video."""
    paths = [
        "/trending?n=50",
        "/feed?n=50",
        f"/trending?n=50&tag={tag}",
        f"/trending/details?n=50&tag={tag}&window=1h",
        f"/feed?n=50&tag={tag}",
        *(f"/{kind}/{user}?n=50" for user in users for kind in ("recommendations", "feed")),
    ]
    return {path for path in paths if video in await ids(http, path)}


async def scroll_to(http, user, video, **after):
    """Have a user watch what is listed before a video: what other tests have taught may rank it far down."""
    for _ in range(20):
        async with http.get(f"/recommendations/{user}", params={"n": 50, **after}) as answer:
            found = [one["video_id"] for one in await answer.json()]
        if video in found:
            return
        views = [{"user_id": user, "video_id": one, "action_type": "view"} for one in found]
        async with http.post("/video_actions", json=views) as answer:
            after = {"after": answer.headers["X-RecoMind-Token"]}


@pytest.fixture
async def shown(http):
    """Videos of a tag, the first of which is in all lists; its tag, users with lists, and a similar video."""
    tag = uuid4().hex[:8]
    videos = await put_videos(http, 6, tag)
    users = [uuid4().hex, uuid4().hex]
    for _ in range(4):
        liker = uuid4().hex
        for video in (videos[0], videos[1]):
            await act(http, liker, video)

    async def is_similar():
        return videos[0] in await ids(http, f"/videos/{videos[1]}/similar?n=50")

    await wait_for(is_similar, 30)  # else the users' lists may be ranked before the likes of others are counted
    for user in users:
        await act(http, user, videos[1])
        await scroll_to(http, user, videos[0], after=(await act(http, user, videos[2]))["token"])

    async def is_in_lists():
        return len(await lists_with(http, videos[0], tag, users)) >= 7

    await wait_for(is_in_lists, 30)
    return videos, tag, users


async def stored_lists_with(worker, video, users):
    store = RedisStore(worker.settings.redis_url)
    values = await store.get_many([*map(keys.recommendations, users), keys.POPULAR_VIDEOS])
    await store.close()
    return [value for value in values if value is not None and video.encode() in value]


async def test_a_hidden_video_is_in_no_list_and_comes_back_with_its_counts(http, worker, shown):
    videos, tag, users = shown
    before = await lists_with(http, videos[0], tag, users)
    entry, receipt = await put(http, videos[0], tags=[tag], hidden=True)
    assert entry["hidden"]
    assert await lists_with(http, videos[0], tag, users) == set()
    assert videos[0] not in await ids(http, f"/videos/{videos[1]}/similar?n=50")
    await until_done(http, videos[0], receipt)
    assert await stored_lists_with(worker, videos[0], users) == []
    assert (await get(http, f"/explain/{users[0]}/{videos[0]}"))["verdict"] == "hidden"
    assert (await get(http, f"/videos/{videos[0]}"))["hidden"]
    await put(http, videos[0], tags=[tag])  # without `hidden` it stays hidden
    assert await lists_with(http, videos[0], tag, users) == set()
    await put(http, videos[0], tags=[tag], hidden=False)

    async def is_back():
        for user in users:
            await scroll_to(http, user, videos[0])
        return await lists_with(http, videos[0], tag, users) >= before - {"/trending?n=50", "/feed?n=50"}

    await wait_for(is_back, 30)
    assert (await get(http, f"/trending/details?n=1&tag={tag}"))[0]["likes"] >= 4


async def test_an_unhidden_video_is_back_in_lists_that_were_ranked_while_it_was_hidden(http, shown):
    videos, tag, users = shown
    for pause in (0.4, 3.0):
        await put(http, videos[0], tags=[tag], hidden=True)
        await lists_with(http, videos[0], tag, users)  # ranked without it, and stored
        await asyncio.sleep(pause)
        await put(http, videos[0], tags=[tag], hidden=False)
        for user in users:
            assert videos[0] in await ids(http, f"/recommendations/{user}?n=50")


async def test_a_video_is_taken_down_by_a_body_that_says_no_more(http, shown):
    videos, tag, users = shown
    whole = {"url": "https://x", "creator_id": "c", "language": "en", "labels": ["new"], "duration_ms": 5000}
    before, _ = await put(http, videos[0], tags=[tag], **whole)
    for taken_down, again in (({"hidden": True}, {"hidden": False}), ({"expires_at": PAST}, {"expires_at": None})):
        async with http.put(f"/videos/{videos[0]}", json=taken_down) as answer:
            assert answer.status == 200, await answer.text()
            assert await answer.json() == before | taken_down
            receipt = answer.headers["X-RecoMind-Receipt"]
        assert await lists_with(http, videos[0], tag, users) == set()
        await until_done(http, videos[0], receipt)
        async with http.put(f"/videos/{videos[0]}", json=again) as answer:
            assert await answer.json() == before
    assert await get(http, f"/videos/{videos[0]}") == before


@pytest.mark.parametrize(("body", "status"), [({"hidden": True}, 404), ({"tags": ["x"]}, 404), ({}, 400)])
async def test_a_video_is_not_added_without_a_title(http, body, status):
    video = uuid4().hex
    async with http.put(f"/videos/{video}", json=body) as answer:
        assert (answer.status, "title" in (await answer.json())["detail"]) == (status, True)
    await get(http, f"/videos/{video}", 404)


async def test_a_deleted_video_is_in_no_list_and_can_be_put_again(http, worker, shown):
    videos, tag, users = shown
    await until_done(http, videos[0], await delete(http, videos[0]))
    assert await lists_with(http, videos[0], tag, users) == set()
    assert await stored_lists_with(worker, videos[0], users) == []
    await get(http, f"/videos/{videos[0]}", 404)
    await until_done(http, videos[0], await delete(http, videos[0]))
    entry, _ = await put(http, videos[0], tags=[tag])
    assert not entry["hidden"]

    async def is_back():
        return videos[0] in await ids(http, f"/trending?n=50&tag={tag}")

    await wait_for(is_back, 30)


async def test_an_expired_video_is_in_no_list(http, worker, shown):
    videos, tag, users = shown
    expires_at = datetime.now(UTC) + timedelta(seconds=1)
    entry, _ = await put(http, videos[0], tags=[tag], expires_at=expires_at.isoformat())
    assert datetime.fromisoformat(entry["expires_at"]) == expires_at
    assert await lists_with(http, videos[0], tag, users)
    await asyncio.sleep(1.5)
    assert await lists_with(http, videos[0], tag, users) == set()

    async def is_gone_from_stores():
        return not await stored_lists_with(worker, videos[0], users)

    await wait_for(is_gone_from_stores, 10)
    entry, _ = await put(http, videos[0], tags=[tag], expires_at=None)
    assert entry["expires_at"] is None

    async def is_back():
        return videos[0] in await ids(http, f"/trending?n=50&tag={tag}")

    await wait_for(is_back, 30)


async def test_a_row_that_is_deleted_in_postgresql_follows(http, worker, shown):
    videos, tag, users = shown
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    await connection.execute("DELETE FROM videos WHERE video_id = $1", videos[0])
    await connection.close()

    async def is_gone():
        served = await lists_with(http, videos[0], tag, users)
        return not served and not await stored_lists_with(worker, videos[0], users)

    await wait_for(is_gone, 10)


async def test_another_tag_and_creator_act_at_once(http, shown):
    videos, tag, users = shown
    other = uuid4().hex[:8]
    await put(http, videos[0], tags=[other], creator_id="someone")
    listed = [video for video in await get(http, f"/recommendations/{users[0]}?n=50") if video["video_id"] == videos[0]]
    assert [video["tags"] for video in listed] in ([], [[other]])

    async def has_moved():
        with_old = await ids(http, f"/trending?n=50&tag={tag}")
        return videos[0] not in with_old and videos[0] in await ids(http, f"/trending?n=50&tag={other}")

    await wait_for(has_moved, 5)
    entry, _ = await put(http, videos[0], tags=[other], creator_id=None)
    assert entry["creator_id"] is None


async def test_a_list_that_has_become_short_is_filled_again(http):
    videos = await put_videos(http, 60, uuid4().hex[:8])
    user = uuid4().hex
    await act(http, user, videos[0])

    async def has_list():
        found = await ids(http, f"/recommendations/{user}?n=50")
        return found if len(found) == 50 else None

    stored = await wait_for(has_list, 30)
    await asyncio.gather(*(delete(http, video) for video in stored[:5]))
    found = await ids(http, f"/recommendations/{user}?n=50")
    assert len(found) == 50
    assert not set(stored[:5]) & set(found)


@pytest.mark.parametrize("receipt", ["0:99999999", "nothing", "9:1"])
async def test_a_receipt_that_was_never_issued_is_not_found(http, receipt):
    await get(http, f"/videos/{uuid4().hex}/changes/{receipt}", 404)


@pytest.mark.parametrize("details", [{"hidden": "yes"}, {"expires_at": "3001-01-01T00:00:00Z"}, {"expires_at": 5}])
async def test_what_is_not_valid_is_refused(http, details):
    async with http.put(f"/videos/{uuid4().hex}", json={"title": "T", **details}) as answer:
        assert answer.status in {400, 422}


async def test_changes_are_numbered_in_their_order(stack):
    archive = Archive(stack.settings.postgres_dsn)
    await archive.open()
    video = uuid4().hex
    first = await archive.delete_video(video)
    assert first.version == 0
    assert await archive.video(video) is None
    await archive.close()
