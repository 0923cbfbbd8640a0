"""A worker while Redis, PostgreSQL or Kafka is stopped, or paused: every request gets a response in time."""

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

MAX_RESPONSE_TIME_S = 4.0
"""Far above the 1 to 2 seconds that the worker aims at, as the machine may be busy."""

ACTION = {"user_id": "known", "video_id": "v0", "action_type": "like"}
RECEIPT = "/users/known/forgetting/0:0"
"""A receipt that was never issued: 404 if Redis is available."""
CHANGE = "/videos/v0/changes/0:0"
EXPERIMENTS = "/experiments", "/experiments/ranking"
"""Figures are in Redis alone."""
MERGE = "/users/known/merge/session:known/0:0"

READS = [
    route.path.format(
        user_id="known",
        video_id="v0",
        name="feed.js",
        receipt="0:0",
        session="session:known",
        rule_id="R1",
        experiment="ranking",
    )
    for route in ROUTES
    if route.method == "GET" and not route.path.startswith("/events")
]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A stack for this module alone, and a worker on it."""
    folder = tmp_path_factory.mktemp("degraded")
    settings = Settings(data_dir=str(folder), partitions=2, session_timeout=6.0)
    with Stack(settings) as stack, workers(stack.settings, folder) as start:
        yield stack, start().wait_ready()


@pytest.fixture
async def http(running):
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(running[1].base_url, timeout=timeout) as session:
        for n in range(4):
            await until_accepted(session, "PUT", f"/videos/v{n}", json={"title": f"V{n}", "tags": ["t"]})
        await until_accepted(session, "PUT", "/users/known", json={"name": "K"})
        rule = {"action": "boost", "where": "video:v1", "draft": True}
        await until_accepted(session, "PUT", "/rules/R1", json=rule)
        arms = [{"name": "A"}, {"name": "B", "ranker": "popularity"}]
        await until_accepted(session, "PUT", "/experiments/ranking", json={"arms": arms, "traffic": 0.001})
        accepted = await until_accepted(session, "POST", "/video_action", json=ACTION)
        await until_counted(session, accepted["token"])
        yield session


async def until_accepted(http, method, path, **options):
    """Repeat a request until it succeeds, and return the body of the response."""
    deadline = time.monotonic() + 60
    while (response := await send_request(http, method, path, **options))[0] >= 300:
        assert time.monotonic() < deadline, response
        await asyncio.sleep(0.1)
    return response[2]


async def until_degraded(http, reason):
    """Wait until the worker says that it does not take actions in, and why; not ready at all is right as well."""
    deadline = time.monotonic() + 30
    while (response := await send_request(http, "GET", "/readyz"))[0] == 200:
        if response[2]["status"] == "degraded" and reason in response[2]["reason"]:
            return
        assert time.monotonic() < deadline, response
        await asyncio.sleep(0.1)


async def send_request(http, method, path, **options):
    """Return the status, the unavailable servers and the body; check that the response arrived in time."""
    started = time.monotonic()
    async with http.request(method, path, **options) as answer:
        body = await answer.read()
        assert time.monotonic() - started < MAX_RESPONSE_TIME_S, (method, path)
        assert answer.status < 500 or (answer.status == 503 and int(answer.headers["Retry-After"])), (path, body)
        parsed = await answer.json(content_type=None) if "json" in answer.content_type else body
        return answer.status, answer.headers.get("X-RecoMind-Degraded"), parsed


async def until_counted(http, token):
    """Wait until the user's stored list reflects the action; return the unavailable servers."""
    partition, offset = token.split(":")
    deadline = time.monotonic() + 60
    while True:
        status, unavailable, feed = await send_request(http, "GET", "/feed/known")
        if status == 200 and feed["counted"].get(partition, -1) >= int(offset):
            return unavailable
        assert time.monotonic() < deadline, feed
        await asyncio.sleep(0.05)


@contextmanager
def outage(server, how):
    if how == "stopped":
        server.stop()
    else:
        send_signal(server, signal.SIGSTOP)
    try:
        yield
    finally:
        if how == "stopped":
            server.start()
            server.wait_ready()
        else:
            send_signal(server, signal.SIGCONT)


def send_signal(server, number):
    """Signal a server and its child processes, as PostgreSQL responds from those."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (pid, *map(int, children)):
        os.kill(process, number)


@pytest.mark.parametrize("how", ["stopped", "paused"])
async def test_without_redis_reads_come_from_the_archive_and_writes_are_accepted(running, http, how):
    with outage(running[0].redis, how):
        responses = {path: await send_request(http, "GET", path) for path in READS}
        accepted = await send_request(http, "POST", "/video_action", json=ACTION)
        put = await send_request(http, "PUT", "/videos/v1", json={"title": "V1", "tags": ["t"]})
    refused = {path for path, (status, _, _) in responses.items() if status == 503}
    assert refused == {"/trending/details", "/operations/history", *EXPERIMENTS, RECEIPT, CHANGE, MERGE}
    served = ("/recommendations/known", "/trending", "/feed/known", "/users/known/profile", "/explain/known/v0")
    assert {responses[path][1] for path in served} == {"redis"}
    assert {video["video_id"] for video in responses["/recommendations/known"][2]} == {"v1", "v2", "v3"}
    assert responses["/users/known/profile"][2]["recent_likes"] == ["v0"]
    assert (accepted[0], put[0]) == (202, 200)
    await until_counted(http, accepted[2]["token"])


@pytest.mark.parametrize("how", ["stopped", "paused"])
async def test_without_redis_an_open_stream_continues_with_its_own_worker_alone(running, http, how):
    async with http.get("/events/operations") as operations:
        assert operations.status == 200
        with outage(running[0].redis, how):
            events = [line async for line in overviews(operations, 3)]
        assert [event["whole"] for event in events] == [False, False, False]
        assert [worker["partitions"] for worker in events[-1]["workers"]] == [[0, 1]]
        after_outage = [event["missing"] async for event in overviews(operations, 6, whole=True)]
        assert after_outage[-1] == []


async def overviews(response, count, whole=False):
    """Yield the next `count` overviews of a stream that include all workers, or that do not."""
    async for line in response.content:
        event = json.loads(line.removeprefix(b"data: ")) if line.startswith(b"data: ") else {"whole": None}
        if event["whole"] is whole:
            yield event
            count -= 1
            if not count:
                return


@pytest.mark.parametrize("how", ["stopped", "paused"])
async def test_without_postgresql_stored_lists_are_served_and_catalogue_writes_are_refused(running, http, how):
    with outage(running[0].postgres, how):
        assert (await send_request(http, "GET", "/videos/none"))[:2] == (503, "postgresql")
        responses = {
            path: await send_request(http, "GET", path) for path in [*READS, "/recommendations/new", "/videos/none"]
        }
        new_user = await send_request(http, "GET", "/users/new/profile")
        accepted = await send_request(http, "POST", "/video_action", json=ACTION)
        put = (
            await send_request(http, "PUT", "/videos/v1", json={"title": "V1"}),
            await send_request(http, "PUT", "/users/u", json={}),
        )
        await until_counted(http, accepted[2]["token"])
        await until_degraded(http, "PostgreSQL does not answer")
    assert responses["/recommendations/known"][:2] == (200, None)
    assert responses["/recommendations/new"][:2] == responses["/videos/v0"][:2] == (200, "postgresql")
    assert responses["/videos/none"][:2] == new_user[:2] == (503, "postgresql")
    assert accepted[:2] == (202, None)
    assert [response[:2] for response in put] == [(503, "postgresql")] * 2


@pytest.mark.parametrize("how", ["stopped", "paused"])
async def test_without_kafka_lists_are_served_and_actions_are_refused(running, http, how):
    with outage(running[0].kafka, how):
        responses = {path: await send_request(http, "GET", path) for path in READS}
        refused = [await send_request(http, "POST", "/video_action", json=ACTION) for _ in range(3)]
        refused.append(await send_request(http, "POST", "/video_actions", json=[ACTION] * 1000))
        refused.append(await send_request(http, "DELETE", "/users/any"))
        await until_degraded(http, "Kafka does not answer")
    assert {path for path, (status, _, _) in responses.items() if status != 200} <= {"/readyz", RECEIPT, MERGE}
    assert {response[:2] for response in refused} == {(503, "kafka")}
    await until_counted(http, (await until_accepted(http, "POST", "/video_action", json=ACTION))["token"])


async def test_without_redis_and_postgresql_trending_is_still_served(running, http):
    with outage(running[0].redis, "stopped"), outage(running[0].postgres, "stopped"):
        for path in ("/recommendations/known", "/recommendations/new", "/feed/known"):
            assert (await send_request(http, "GET", path))[:2] == (200, "postgresql, redis")
        assert (await send_request(http, "GET", "/trending"))[:2] == (200, "redis")
        assert (await send_request(http, "GET", "/users/known/profile"))[0] == 503
    accepted = await send_request(http, "POST", "/video_action", json=ACTION)
    await until_counted(http, accepted[2]["token"])
    assert running[1].process.poll() is None


async def next_page(http, cursor):
    """The next page of a feed session, with one video."""
    status, _, page = await send_request(http, "GET", f"/feed/known?n=1&cursor={cursor}")
    assert status == 200, page
    return page


def shown(*pages):
    return [video["video_id"] for page in pages for video in page["videos"]]


@pytest.mark.parametrize("how", ["stopped", "paused"])
@pytest.mark.parametrize("server", ["redis", "postgres"])
async def test_a_feed_session_goes_on_without_one_of_its_stores(running, http, server, how):
    first = await next_page(http, "")
    with outage(getattr(running[0], server), how):
        second = await next_page(http, first["cursor"])
        again = await next_page(http, first["cursor"])
    third = await next_page(http, second["cursor"])
    assert sorted(shown(first, second, third)) == ["v1", "v2", "v3"]
    assert shown(again) == shown(second)
    assert not any(page["may_repeat"] for page in (first, second, again, third))
    await until_counted(http, (await until_accepted(http, "POST", "/video_action", json=ACTION))["token"])


async def test_a_feed_session_goes_on_without_both_stores_and_says_that_it_may_repeat(running, http):
    first = await next_page(http, "")
    with outage(running[0].redis, "stopped"), outage(running[0].postgres, "stopped"):
        second = await next_page(http, first["cursor"])
        assert (len(second["videos"]), second["may_repeat"]) == (1, True)
    third = await next_page(http, second["cursor"])
    assert third["may_repeat"]
    assert not set(shown(third)) & set(shown(first))  # it is known again
    await until_counted(http, (await until_accepted(http, "POST", "/video_action", json=ACTION))["token"])
