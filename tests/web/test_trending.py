"""Trending videos by window and tag, on a real worker."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.web.test_api import wait_for


async def get(http, path):
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def like(http, video, times, ago=timedelta(), user=None):
    moment = (datetime.now(UTC) - ago).isoformat()
    actions = [
        {"user_id": user or uuid4().hex, "video_id": video, "action_type": "like", "timestamp": moment}
        for _ in range(times)
    ]
    async with http.post("/video_actions", json=actions) as answer:
        assert answer.status == 202


async def test_trending_has_counts_and_trend_by_window_and_tag(http):
    tag = uuid4().hex[:8]
    now, yesterday = f"{tag}-now", f"{tag}-yesterday"
    for video in (now, yesterday):
        async with http.put(f"/videos/{video}", json={"title": video, "tags": [tag, "any"]}) as answer:
            assert answer.status == 200
    await like(http, yesterday, 5, timedelta(hours=23))
    await like(http, now, 2)

    async def all_are_counted():
        found = await get(http, f"/trending/details?window=7d&tag={tag}")
        return [(one["video_id"], one["likes"]) for one in found] == [(yesterday, 5), (now, 2)]

    await wait_for(all_are_counted, 20.0)
    [latest] = await get(http, f"/trending/details?window=1h&tag={tag}")
    assert (latest["video_id"], latest["likes"], latest["likes_per_hour"], latest["rising"]) == (now, 2, 12.0, 6.0)
    videos = await get(http, f"/trending?window=7d&tag={tag}&n=1")
    assert videos == [{"video_id": yesterday, "title": yesterday, "url": "", "tags": [tag, "any"]}]
    assert await get(http, f"/trending?tag={uuid4().hex}") == []


async def test_one_user_counts_once_however_often_they_like_a_video(http):
    tag, user = uuid4().hex[:8], uuid4().hex
    once, often = f"{tag}-once", f"{tag}-often"
    for video in (once, often):
        async with http.put(f"/videos/{video}", json={"title": video, "tags": [tag]}) as answer:
            assert answer.status == 200
    await like(http, often, 1, user=user)
    for number in range(60):  # more than a profile holds
        await like(http, f"{tag}-{number}", 1, user=user)
    await like(http, often, 250, timedelta(minutes=20), user=user)
    await like(http, often, 250, user=user)
    await like(http, once, 2)
    for window in ("1h", "24h", "7d"):
        path = f"/trending/details?window={window}&tag={tag}"

        async def is_right(path=path):
            found = [(one["video_id"], one["likes"]) for one in await get(http, path)]
            return found == [(once, 2), (often, 1)]

        await wait_for(is_right, 20.0)


@pytest.mark.parametrize("query", ["window=2h", "tag=" + "x" * 65, "n=0"])
async def test_an_invalid_window_or_tag_is_a_bad_request(http, query):
    for path in ("/trending", "/trending/details"):
        async with http.get(f"{path}?{query}") as answer:
            assert answer.status == 400
            assert (await answer.json(content_type=None))["field"] == query.split("=")[0]
