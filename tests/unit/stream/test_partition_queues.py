"""Partition queues: order within a partition, concurrency between partitions, acknowledgement after handling."""

import asyncio
from time import monotonic
from types import SimpleNamespace

import pytest

from recomind.stream.batches import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Batch
from recomind.stream.partition_queues import MAX_QUEUED_BATCHES, PartitionQueues
from tests.unit.stream.test_batches import records_of


class Stream:
    """Stands in for a Faust stream of batches, and notes which of them were acknowledged."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.acked = []

    def deliver(self, partition, *offsets):
        batch = Batch("t", partition, [SimpleNamespace(offset=offset, value=b"") for offset in offsets])
        event = SimpleNamespace(value=batch, ack=lambda: self.acked.append((partition, offsets[-1])))
        self.queue.put_nowait(event)

    def noack(self):
        return self

    async def events(self):
        while True:
            yield await self.queue.get()


@pytest.fixture
async def agent():
    """A stream, its queues, and what the handler has received; the handler blocks while its gate is closed."""
    handled, failures, gate = [], [], asyncio.Event()

    async def handle(batch):
        handled.append((batch.partition, [record.offset for record in batch.records]))
        await gate.wait()
        if batch.partition == 13:
            raise ValueError("poison")

    async def on_error(error):
        failures.append(str(error))

    stream, queues = Stream(), PartitionQueues(handle, on_error)
    task = asyncio.create_task(queues.run(stream))
    yield SimpleNamespace(stream=stream, queues=queues, handled=handled, failures=failures, gate=gate)
    task.cancel()


async def start_lingering(stream, seconds):
    """Queues with a linger time, what their handler has received, and the task that runs them.

    Linger times end at multiples of `seconds`; this returns just after one, so that the whole time is left.
    """
    handled = []
    if seconds < 1:
        await asyncio.sleep(seconds - monotonic() % seconds)

    async def handle(batch):
        handled.append([record.offset for record in batch.records])

    queues = PartitionQueues(handle, pytest.fail, lambda: seconds)
    return queues, handled, asyncio.create_task(queues.run(stream))


async def run_pending_tasks():
    for _ in range(200):
        await asyncio.sleep(0)


async def test_batches_that_arrive_while_another_is_handled_are_joined(agent):
    for offsets in ((0, 1), (2,), (3, 4)):
        agent.stream.deliver(0, *offsets)
        await run_pending_tasks()
    assert (agent.handled, agent.stream.acked) == ([(0, [0, 1])], [])
    agent.gate.set()
    await run_pending_tasks()
    assert agent.handled == [(0, [0, 1]), (0, [2, 3, 4])]
    assert agent.stream.acked == [(0, 1), (0, 2), (0, 4)]
    assert agent.queues.busy_partitions == 0


async def test_partitions_are_handled_concurrently(agent):
    agent.stream.deliver(0, 0)
    agent.stream.deliver(1, 0)
    await run_pending_tasks()
    assert agent.handled == [(0, [0]), (1, [0])]


async def test_a_joined_batch_has_at_most_the_maximal_number_of_records(agent):
    agent.stream.deliver(0, 0)
    await run_pending_tasks()
    agent.stream.deliver(0, *range(1, MAX_BATCH_RECORDS + 1))
    agent.stream.deliver(0, MAX_BATCH_RECORDS + 1)
    agent.gate.set()
    await run_pending_tasks()
    assert [len(offsets) for _, offsets in agent.handled] == [1, MAX_BATCH_RECORDS, 1]


async def test_a_failure_is_reported_and_nothing_is_acknowledged(agent):
    agent.stream.deliver(13, 0)
    agent.gate.set()
    await run_pending_tasks()
    assert (agent.failures, agent.stream.acked) == (["poison"], [])


async def test_queued_batches_are_dropped_at_a_rebalance(agent):
    for offset in range(3):
        agent.stream.deliver(0, offset)
        await run_pending_tasks()
    agent.queues.drop_queued()
    agent.gate.set()
    await run_pending_tasks()
    assert (agent.handled, agent.stream.acked) == ([(0, [0])], [(0, 0)])


async def test_the_number_of_queued_batches_is_limited(agent):
    for offset in range(3 * MAX_QUEUED_BATCHES):
        agent.stream.deliver(0, offset)
    await run_pending_tasks()
    assert agent.stream.queue.qsize() >= MAX_QUEUED_BATCHES - 2


async def test_batches_that_arrive_during_the_linger_time_are_joined():
    stream = Stream()
    _, handled, task = await start_lingering(stream, 0.1)
    for offset in range(3):
        stream.deliver(0, offset)
        await run_pending_tasks()
    assert handled == []
    while not stream.acked:
        await asyncio.sleep(0.01)
    assert (handled, stream.acked) == ([[0, 1, 2]], [(0, 0), (0, 1), (0, 2)])
    task.cancel()


async def test_a_rebalance_drops_batches_during_the_linger_time():
    stream = Stream()
    queues, handled, task = await start_lingering(stream, 0.05)
    stream.deliver(0, 0)
    await run_pending_tasks()
    queues.drop_queued()
    while queues.busy_partitions:
        await asyncio.sleep(0.01)
    assert (handled, stream.acked) == ([], [])
    stream.deliver(0, 1)
    while not stream.acked:
        await asyncio.sleep(0.01)
    assert handled == [[1]]
    task.cancel()


@pytest.mark.parametrize("lengths", [[0] * MAX_BATCH_RECORDS, [MAX_BATCH_BYTES]])
async def test_a_full_batch_is_handled_without_lingering(lengths):
    stream = Stream()
    _, handled, task = await start_lingering(stream, 60)
    stream.queue.put_nowait(SimpleNamespace(value=Batch("t", 0, records_of(*lengths)), ack=lambda: None))
    await run_pending_tasks()
    assert len(handled[0]) == len(lengths)
    task.cancel()


async def test_batches_are_not_joined_beyond_the_maximal_size():
    stream, handled = Stream(), []

    async def handle(batch):
        handled.append(batch.size_bytes)

    queues = PartitionQueues(handle, pytest.fail, lambda: 0.05)
    task = asyncio.create_task(queues.run(stream))
    for length in (10, 20, MAX_BATCH_BYTES - 20, 30):
        batch = Batch("t", 0, records_of(length))
        stream.queue.put_nowait(SimpleNamespace(value=batch, ack=lambda: stream.acked.append(0)))
    while len(stream.acked) < 4:
        await asyncio.sleep(0.01)
    assert handled == [30, MAX_BATCH_BYTES - 20, 30]
    task.cancel()
