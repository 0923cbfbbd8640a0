"""Concurrent appends to a partition share a batch, and each gets its own results or the batch's error."""

import asyncio

import pytest

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import unavailable_servers
from recomind.model.ids import Partition
from recomind.stream.append_coalescer import AppendCoalescer


async def test_appends_that_arrive_while_a_batch_is_sent_share_the_next_one():
    batches = []

    async def append(topic, partition, records):
        batches.append(records)
        await asyncio.sleep(0.01)
        return [record.upper() for record in records]

    coalescer = AppendCoalescer(append)
    appends = [asyncio.create_task(coalescer.append("t", Partition(0), [record])) for record in "ab"]
    await asyncio.sleep(0.005)
    appends += [asyncio.create_task(coalescer.append("t", Partition(0), [*pair])) for pair in ("cd", "ef")]
    assert await asyncio.gather(*appends) == [["A"], ["B"], ["C", "D"], ["E", "F"]]
    assert batches == [["a", "b"], ["c", "d", "e", "f"]]


async def test_each_request_records_the_server_that_a_shared_batch_did_not_reach():
    async def append(topic, partition, records):
        raise UnavailableError("Kafka", OSError("away"))

    coalescer = AppendCoalescer(append)

    async def request(record):
        unavailable_servers.set(servers := set())
        with pytest.raises(UnavailableError):
            await coalescer.append("t", Partition(0), [record])
        return servers

    assert await asyncio.gather(request("a"), request("b")) == [{"kafka"}, {"kafka"}]
