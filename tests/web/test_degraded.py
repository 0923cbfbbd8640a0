"""A worker whose Redis, PostgreSQL or Kafka is away: stopped, or there and silent. All requests are answered soon."""

import asyncio
import json
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from recomind.dev.stack.stack import Stack
from recomind.settings import Settings
from recomind_web.routes import ROUTES
from tests.conftest import workers

SOON = 4.0
"""Seconds: far above what is meant, one or two, as this machine may be busy."""

ACTION = {"user_id": "known", "video_id": "v0", "action_type": "like"}
RECEIPT = "/users/known/forgetting/0:0"
"""Was never given: 404 where Redis can be asked."""

READS = [
    route.path.format(user_id="known", video_id="v0", name="feed.js", receipt="0:0")
    for route in ROUTES
    if route.method == "GET" and not route.path.startswith("/events")
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A stack of this module's own, and a worker on it."""
    folder = tmp_path_factory.mktemp("degraded")
    settings = Settings(data_dir=str(folder), partitions=2, session_timeout=6.0)
    with Stack(settings) as stack, workers(stack.settings, folder) as start:
        yield stack, start().wait_ready()


@pytest.fixture
async def http(world):
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(world[1].base, timeout=timeout) as session:
        for n in range(4):
            await done(session, "PUT", f"/videos/v{n}", json={"title": f"V{n}", "tags": ["t"]})
        taken = await done(session, "POST", "/video_action", json=ACTION)
        await counted(session, taken["token"])
        yield session


async def done(http, method, path, **options):
    """The answer once the servers are back."""
    deadline = time.monotonic() + 60
    while (said := await ask(http, method, path, **options))[0] >= 300:
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.1)
    return said[2]


async def ask(http, method, path, **options):
    """The status, the servers said to be away, and the answer; that it came soon is checked here."""
    begun = time.monotonic()
    async with http.request(method, path, **options) as answer:
        body = await answer.read()
        assert time.monotonic() - begun < SOON, (method, path)
        assert answer.status < 500 or (answer.status == 503 and int(answer.headers["Retry-After"])), (path, body)
        parsed = await answer.json(content_type=None) if "json" in answer.content_type else body
        return answer.status, answer.headers.get("X-RecoMind-Degraded"), parsed


async def counted(http, token):
    """Wait until the person's stored list counts the action."""
    lane, offset = token.split(":")
    deadline = time.monotonic() + 60
    while True:
        status, away, feed = await ask(http, "GET", "/feed/known")
        if status == 200 and feed["counted"].get(lane, -1) >= int(offset):
            return away
        assert time.monotonic() < deadline, feed
        await asyncio.sleep(0.05)


@contextmanager
def away(server, how):
    if how == "stopped":
        server.stop()
    else:
        send(server, signal.SIGSTOP)
    try:
        yield
    finally:
        if how == "stopped":
            server.start()
            server.wait_ready()
        else:
            send(server, signal.SIGCONT)


def send(server, number):
    """Signal a server and its children, as PostgreSQL answers by those."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        os.kill(one, number)


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_without_redis_reads_come_from_the_archive_and_writes_are_taken(world, http, how):
    with away(world[0].redis, how):
        said = {path: await ask(http, "GET", path) for path in READS}
        taken = await ask(http, "POST", "/video_action", json=ACTION)
        put = await ask(http, "PUT", "/videos/v1", json={"title": "V1", "tags": ["t"]})
    refused = {path for path, (status, _, _) in said.items() if status == 503}
    assert refused == {"/trending/details", "/operations/history", RECEIPT}
    served = ("/recommendations/known", "/trending", "/feed/known", "/users/known/profile", "/explain/known/v0")
    assert {said[path][1] for path in served} == {"redis"}
    assert {video["video_id"] for video in said["/recommendations/known"][2]} == {"v1", "v2", "v3"}
    assert said["/users/known/profile"][2]["recent_likes"] == ["v0"]
    assert (taken[0], put[0]) == (202, 200)
    await counted(http, taken[2]["token"])


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_without_redis_an_open_stream_goes_on_and_tells_of_its_worker_alone(world, http, how):
    async with http.get("/events/operations") as operations:
        assert operations.status == 200
        with away(world[0].redis, how):
            events = [line async for line in told(operations, 3)]
        assert [event["whole"] for event in events] == [False, False, False]
        assert [worker["partitions"] for worker in events[-1]["workers"]] == [[0, 1]]
        back = [event["missing"] async for event in told(operations, 6, whole=True)]
        assert back[-1] == []


async def told(answer, count, whole=False):
    """The next so many overviews of a stream that are of all workers, or are not."""
    async for line in answer.content:
        event = json.loads(line.removeprefix(b"data: ")) if line.startswith(b"data: ") else {"whole": None}
        if event["whole"] is whole:
            yield event
            count -= 1
            if not count:
                return


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_without_postgresql_stored_lists_are_served_and_the_catalogue_takes_nothing(world, http, how):
    with away(world[0].postgres, how):
        assert (await ask(http, "GET", "/videos/none"))[:2] == (503, "postgresql")
        said = {path: await ask(http, "GET", path) for path in [*READS, "/recommendations/new", "/videos/none"]}
        stranger = await ask(http, "GET", "/users/new/profile")
        taken = await ask(http, "POST", "/video_action", json=ACTION)
        put = await ask(http, "PUT", "/videos/v1", json={"title": "V1"}), await ask(http, "PUT", "/users/u", json={})
        await counted(http, taken[2]["token"])
    assert said["/recommendations/known"][:2] == (200, None)
    assert said["/recommendations/new"][:2] == said["/videos/v0"][:2] == (200, "postgresql")
    assert said["/videos/none"][:2] == stranger[:2] == (503, "postgresql")
    assert taken[:2] == (202, None)
    assert [one[:2] for one in put] == [(503, "postgresql")] * 2


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_without_kafka_lists_are_served_and_actions_are_refused(world, http, how):
    with away(world[0].kafka, how):
        said = {path: await ask(http, "GET", path) for path in READS}
        refused = [await ask(http, "POST", "/video_action", json=ACTION) for _ in range(3)]
        refused.append(await ask(http, "POST", "/video_actions", json=[ACTION] * 1000))
        refused.append(await ask(http, "DELETE", "/users/somebody"))
    assert {path for path, (status, _, _) in said.items() if status != 200} <= {"/readyz", RECEIPT}
    assert {one[:2] for one in refused} == {(503, "kafka")}
    await counted(http, (await done(http, "POST", "/video_action", json=ACTION))["token"])


async def test_with_neither_redis_nor_postgresql_trending_is_still_answered(world, http):
    with away(world[0].redis, "stopped"), away(world[0].postgres, "stopped"):
        for path in ("/recommendations/known", "/recommendations/new", "/feed/known"):
            assert (await ask(http, "GET", path))[:2] == (200, "postgresql, redis")
        assert (await ask(http, "GET", "/trending"))[:2] == (200, "redis")
        assert (await ask(http, "GET", "/users/known/profile"))[0] == 503
    taken = await ask(http, "POST", "/video_action", json=ACTION)
    await counted(http, taken[2]["token"])
    assert world[1].process.poll() is None
