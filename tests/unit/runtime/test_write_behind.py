"""Write-behind: the latest value of a key is written once, and none is lost when a write fails."""

import asyncio

import pytest

from recomind.errors import UnavailableError
from recomind.runtime.write_behind import WriteBehind


async def test_a_flush_writes_the_latest_values_and_keeps_those_of_a_failed_write():
    written, failures = [], [True]

    async def write(values):
        if failures.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        written.append(dict(values))

    writer = WriteBehind(write)
    writer.add("a", 1)
    writer.add("b", 1)
    with pytest.raises(UnavailableError):
        await writer.flush()
    writer.add("a", 2)
    failures.append(False)
    await writer.flush()
    await writer.flush()
    assert written == [{"a": 2, "b": 1}]


async def test_a_flush_waits_for_a_concurrent_one_and_writes_what_that_one_could_not():
    started, may_end, written = asyncio.Event(), asyncio.Event(), []

    async def write(values):
        started.set()
        await may_end.wait()
        written.append(dict(values))

    writer = WriteBehind(write)
    writer.add("a", 1)
    timer = asyncio.create_task(writer.flush())
    await started.wait()
    commit = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    assert not commit.done()
    timer.cancel()
    may_end.set()
    await commit
    assert written == [{"a": 1}]
