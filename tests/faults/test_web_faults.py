"""Unfriendly HTTP clients under load: bodies that inflate to a thousand times their size, and requests without end.

Ingestion goes on as if they were not there, and the worker keeps answering others.
"""

import asyncio
import gzip
import urllib.request
from contextlib import asynccontextmanager
from time import monotonic

import psutil
import pytest

from tests.faults.scenario import NOTES, running_scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BOMB = gzip.compress(bytes(900 << 20), 9)
BOMB_REQUEST = (
    b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
)
UNFINISHED = (
    b"",
    b"GET /trending HT",
    b"POST /video_action HTTP/1.1\r\nHost: x\r\nX-Header: ",
    b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    b"GET /assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 9,
)
UNFINISHED_CONNECTIONS = 900
"""More than a worker takes."""

MAX_MEMORY_GROWTH = 250 << 20


@asynccontextmanager
async def running(*coroutines):
    tasks = [asyncio.create_task(one) for one in coroutines]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def send_bombs(port):
    """Send the same bomb again and again, and stay connected."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(BOMB_REQUEST)
            await asyncio.wait_for(reader.read(100), 10)
            await asyncio.sleep(0.5)
            writer.close()
        except (OSError, TimeoutError):
            await asyncio.sleep(0.1)


async def hold_unfinished(port, number):
    """Send the beginning of a request, read nothing, and do it again when the worker has ended the connection."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(UNFINISHED[number % len(UNFINISHED)])
            await reader.read(1)
            await asyncio.sleep(20)
            writer.close()
        except OSError:
            await asyncio.sleep(1)


async def slowest_answer(worker, seconds):
    """The longest time that `/healthz` took to answer."""
    slowest, until = 0.0, monotonic() + seconds
    while monotonic() < until:
        since = monotonic()
        await asyncio.to_thread(read, f"{worker.base_url}/healthz")
        slowest = max(slowest, monotonic() - since)
        await asyncio.sleep(0.2)
    return slowest


def read(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200


async def test_bodies_inflate_to_a_thousand_times_their_size(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 1, seed=41) as scenario:
        [worker] = scenario.workers
        process = psutil.Process(worker.process.pid)
        before = process.memory_info().rss
        async with running(*(send_bombs(worker.settings.web_port) for _ in range(8))):
            slowest = await slowest_answer(worker, 10)
            await scenario.wait_until_recovered("gzip bombs over eight connections", 30)
        grown = process.memory_info().rss - before
        NOTES.append(f"gzip bombs: memory grew by {grown >> 20} MiB, the slowest answer took {slowest:.1f} s")
        assert scenario.workers == [worker]
        assert worker.process.poll() is None
        assert grown < MAX_MEMORY_GROWTH


async def test_requests_never_end(fault_stack, tmp_path):
    async with running_scenario(fault_stack, tmp_path, 1, seed=42) as scenario:
        [worker] = scenario.workers
        process = psutil.Process(worker.process.pid)
        before = process.memory_info().rss
        port = worker.settings.web_port
        async with running(*(hold_unfinished(port, number) for number in range(UNFINISHED_CONNECTIONS))):
            slowest = await slowest_answer(worker, 15)
            await scenario.wait_until_recovered(f"{UNFINISHED_CONNECTIONS} connections with unfinished requests", 30)
            connections = len(process.net_connections("tcp"))
        grown = process.memory_info().rss - before
        NOTES.append(
            f"unfinished requests: {connections} sockets, memory grew by {grown >> 20} MiB, "
            f"the slowest answer took {slowest:.1f} s"
        )
        assert worker.process.poll() is None
        assert connections < worker.settings.connections_limit + 100
        assert grown < MAX_MEMORY_GROWTH
