"""The feed and its event streams on real workers."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from uuid import uuid4

import aiohttp

from tests.conftest import workers


@asynccontextmanager
async def events_of(base, path, names=("list", "away")):
    """A function that waits for the next event with one of these names, and returns its name and its value."""
    async with aiohttp.ClientSession(base) as session, session.get(f"/events{path}") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"

        async def next_event():
            name = ""
            async for line in answer.content:
                if line.startswith(b"event: "):
                    name = line[7:].strip().decode()
                if line.startswith(b"data: ") and name in names:
                    return name, json.loads(line[6:])
            return None

        yield lambda: asyncio.wait_for(next_event(), 20)


async def like(http, user, video):
    action = {"user_id": user, "video_id": video, "action_type": "like"}
    async with http.post("/video_action", json=action) as answer:
        assert answer.status == 202
        partition, offset = (await answer.json())["token"].split(":")
        return partition, int(offset)


async def put_videos(http, tag, count=6):
    names = [f"{tag}-{number}" for number in range(count)]
    for name in names:
        async with http.put(f"/videos/{name}", json={"title": f"About {name}", "tags": [tag]}) as answer:
            assert answer.status == 200
    return names


async def until(next_event, condition):
    while not condition(value := (await next_event())[1]):
        pass
    return value


async def test_a_like_changes_the_stream_of_the_feed_with_its_reasons(worker, http):
    tag, user = uuid4().hex[:8], uuid4().hex
    videos = await put_videos(http, tag)
    async with events_of(worker.base_url, f"/feed/{user}?n=50") as next_event:
        name, first = await next_event()
        assert (name, first["user_id"], first["likes"]) == ("list", user, 0)
        partition, offset = await like(http, user, videos[0])
        feed = await until(next_event, lambda feed: feed["counted"].get(partition, -1) >= offset)
    assert (feed["likes"], feed["top_tags"]) == (1, [tag])
    found = {video["video_id"]: video["reasons"] for video in feed["videos"]}
    assert videos[0] not in found
    [reason] = [one for one in found[videos[1]] if one["source"] == "tags"]
    assert (reason["text"], reason["tags"], reason["strategy"]) == (f"You like {tag}", [tag], "content-based")


async def test_the_feed_without_a_stream_has_the_same_fields(http):
    user = uuid4().hex
    async with http.get(f"/feed/{user}?n=3") as answer:
        feed = await answer.json()
    assert len(feed["videos"]) == 3
    known = {"video_id", "title", "url", "tags", "reasons", "counts", "creator_id", "duration_ms", "thumbnail_url"}
    assert set(feed["videos"][0]) == known
    assert set(feed["videos"][0]["counts"]) == {"1h", "24h", "7d"}
    async with http.get("/feed?n=51") as answer:
        assert answer.status == 400


async def test_the_trending_feed_shows_counts_as_reasons(worker, http):
    videos = await put_videos(http, uuid4().hex[:8], 1)
    for _ in range(3):
        await like(http, uuid4().hex, videos[0])
    async with events_of(worker.base_url, "/feed?n=50") as next_event:

        def counted(feed):
            found = [video for video in feed["videos"] if video["video_id"] == videos[0]]
            return found and found[0]["reasons"][0]["text"] == "3 likes in the last hour"

        await until(next_event, counted)


async def test_any_worker_streams_any_feed_and_stops_although_streams_are_open(stack, worker, http, tmp_path):
    videos = await put_videos(http, uuid4().hex[:8])
    users = [uuid4().hex for _ in range(4)]
    with workers(stack.settings, tmp_path) as start:
        other = await asyncio.to_thread(start().wait_ready)
        for user in users:
            async with events_of(other.base_url, f"/feed/{user}") as next_event:
                await next_event()
                partition, offset = await like(http, user, videos[0])
                await until(next_event, lambda feed, p=partition, o=offset: feed["counted"].get(p, -1) >= o)
        async with events_of(other.base_url, f"/feed/{users[0]}") as next_event:
            await next_event()
            started = time.monotonic()
            assert await asyncio.to_thread(other.stop) == 0
            assert time.monotonic() - started < 20
    await asyncio.to_thread(worker.wait_ready)
