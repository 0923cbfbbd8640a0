"""Concurrent reads share a command, and each gets its own values or the command's error."""

import asyncio

import pytest

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import unavailable_servers
from recomind.stores.read_coalescer import ReadCoalescer


class Server:
    """Answers a command when it is told to."""

    def __init__(self):
        self.commands = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error = None

    async def read(self, keys):
        self.commands.append(list(keys))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return [key.upper() for key in keys]


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def coalescer(server):
    return ReadCoalescer(server.read)


async def test_reads_of_one_loop_iteration_share_a_command(coalescer, server):
    values = await asyncio.gather(coalescer.read(["a", "b"]), coalescer.read(["c"]), coalescer.read(["b"]))
    assert values == [["A", "B"], ["C"], ["B"]]
    assert server.commands == [["a", "b", "c", "b"]]


async def test_reads_wait_for_the_current_command_and_then_share_the_next_one(coalescer, server):
    server.may_answer.clear()
    first = asyncio.create_task(coalescer.read(["a"]))
    await asyncio.sleep(0.01)
    later = []
    for key in "bcd":
        later.append(asyncio.create_task(coalescer.read([key])))
        await asyncio.sleep(0.01)
    assert server.commands == [["a"]]
    server.may_answer.set()
    assert await asyncio.gather(first, *later) == [["A"], ["B"], ["C"], ["D"]]
    assert server.commands == [["a"], ["b", "c", "d"]]


async def test_all_reads_of_a_command_get_its_error_and_the_next_command_is_sent(coalescer, server):
    server.error = UnavailableError("Redis", OSError("away"))
    failed = await asyncio.gather(coalescer.read(["a"]), coalescer.read(["b"]), return_exceptions=True)
    assert failed == [server.error, server.error]
    server.error = None
    assert await coalescer.read(["c"]) == ["C"]


async def test_a_cancelled_read_does_not_affect_the_others(coalescer, server):
    server.may_answer.clear()
    cancelled, other = asyncio.create_task(coalescer.read(["a"])), asyncio.create_task(coalescer.read(["b"]))
    await asyncio.sleep(0.01)
    cancelled.cancel()
    server.may_answer.set()
    assert await other == ["B"]
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_each_request_records_the_server_that_a_shared_command_did_not_reach(coalescer, server):
    server.error = UnavailableError("Redis", OSError("away"))

    async def request(key):
        unavailable_servers.set(servers := set())
        with pytest.raises(UnavailableError):
            await coalescer.read([key])
        return servers

    assert await asyncio.gather(request("a"), request("b")) == [{"redis"}, {"redis"}]
