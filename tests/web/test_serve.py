"""`recomind serve` on a real stack: a member of the group that answers all requests, and takes no partitions."""

from datetime import UTC, datetime
from time import time
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from recomind_web.server_sent_events import MAX_REMOVED
from tests.conftest import Worker
from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_feed import events_of
from tests.web.test_takedown import delete, ids, put, until_done

REMOVED = 600
"""More videos than an event `removed` names."""


@pytest.fixture
async def taken_down(worker, http):
    """Videos that were taken down before the server starts, in every way; and one that has returned."""
    creator = uuid4().hex
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    rows = await connection.fetch(
        "INSERT INTO videos (video_id, title, creator_id) SELECT $1 || '-' || n, 'T', $1 FROM generate_series(1, $2) n "
        "RETURNING video_id",
        creator,
        REMOVED,
    )
    await connection.execute("DELETE FROM videos WHERE creator_id = $1", creator)
    await connection.close()
    deleted, hidden, expired, returned = await put_videos(http, 4, "removed")
    await delete(http, deleted)
    await put(http, hidden, hidden=True)
    await put(http, expired, expires_at=datetime.now(UTC).isoformat())
    await put(http, returned, hidden=True)
    await put(http, returned, hidden=False)
    return {row["video_id"] for row in rows} | {deleted, hidden, expired}, returned


@pytest.fixture
async def server(worker, taken_down, tmp_path):
    """A server beside the worker."""
    started = Worker(worker.settings, tmp_path / "serve.log", "recomind", "serve")
    try:
        yield started.wait_ready()
        assert started.stop() == 0
    finally:
        if started.process.poll() is None:
            started.kill()


async def test_a_server_takes_no_partitions_and_answers_as_workers_do(worker, server, taken_down):
    worker.wait_ready()
    async with aiohttp.ClientSession(server.base_url) as http:
        await assert_takedowns_before_the_start_are_told(http, server, *taken_down)
        liked, deleted, _ = await put_videos(http, 3, "served")
        user = uuid4().hex
        token = (await act(http, user, liked))["token"]
        assert liked not in await ids(http, f"/recommendations/{user}?n=50&after={token}")
        await until_done(http, deleted, await delete(http, deleted))
        assert deleted not in await ids(http, f"/recommendations/{user}?n=50")

        async def partitions():
            found = (await get(http, "/operations"))["workers"]
            return found if len(found) == 2 else []

        assert sorted(len(one["partitions"]) for one in await wait_for(partitions)) == [0, worker.settings.partitions]


async def assert_takedowns_before_the_start_are_told(http, server, expected, returned):
    polled = (await get(http, "/takedowns"))["video_ids"]
    assert expected <= set(polled)
    assert returned not in polled
    assert expected <= set((await get(http, f"/takedowns?since={time() - 600}"))["video_ids"])
    named = set()
    async with events_of(server.base_url, "/feed?n=1", names=["removed"]) as next_event:
        while not expected <= named:
            _, video_ids = await next_event()
            assert len(video_ids) <= MAX_REMOVED
            named |= set(video_ids)
    assert returned not in named
