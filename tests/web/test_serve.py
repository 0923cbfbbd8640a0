"""`recomind serve` on a real stack: a member of the group that answers all requests, and takes no partitions."""

from uuid import uuid4

import aiohttp
import pytest

from tests.conftest import Worker
from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_takedown import delete, ids, until_done


@pytest.fixture
async def server(worker, tmp_path):
    """A server beside the worker."""
    started = Worker(worker.settings, tmp_path / "serve.log", "recomind", "serve")
    try:
        yield started.wait_ready()
        assert started.stop() == 0
    finally:
        if started.process.poll() is None:
            started.kill()


async def test_a_server_takes_no_partitions_and_answers_as_workers_do(worker, server):
    worker.wait_ready()
    async with aiohttp.ClientSession(server.base_url) as http:
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
