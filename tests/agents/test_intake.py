"""The intake: order within a partition, none between partitions, and acknowledgement only of what is done."""

import asyncio
from types import SimpleNamespace

import pytest

from recomind.stream.batches import BATCH_MAX, BYTES_MAX, Batch
from recomind.stream.partition_queues import MOST, Intake


class Events:
    """Batches as a Faust stream gives them; tells which were acknowledged."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.acked = []

    def put(self, partition, *offsets):
        batch = Batch("t", partition, [SimpleNamespace(offset=offset, value=b"") for offset in offsets])
        event = SimpleNamespace(value=batch, ack=lambda: self.acked.append((partition, offsets[-1])))
        self.queue.put_nowait(event)

    def noack(self):
        return self

    async def events(self):
        while True:
            yield await self.queue.get()


@pytest.fixture
async def intake():
    """A stream and what its handler was given; the handler goes on when its gate is open."""
    handled, failures, gate = [], [], asyncio.Event()

    async def handle(batch):
        handled.append((batch.partition, [record.offset for record in batch.records]))
        await gate.wait()
        if batch.partition == 13:
            raise ValueError("poison")

    async def on_error(error):
        failures.append(str(error))

    stream, intake = Events(), Intake(handle, on_error)
    task = asyncio.create_task(intake.run(stream))
    yield SimpleNamespace(stream=stream, intake=intake, handled=handled, failures=failures, gate=gate)
    task.cancel()


async def lingering(stream, seconds):
    """An intake that waits so long before each batch, and what its handler was given."""
    handled = []

    async def handle(batch):
        handled.append([record.offset for record in batch.records])

    intake = Intake(handle, pytest.fail, lambda: seconds)
    return intake, handled, asyncio.create_task(intake.run(stream))


async def settle():
    for _ in range(200):
        await asyncio.sleep(0)


async def test_what_arrives_while_a_batch_is_at_work_is_joined(intake):
    for offsets in ((0, 1), (2,), (3, 4)):
        intake.stream.put(0, *offsets)
        await settle()
    assert (intake.handled, intake.stream.acked) == ([(0, [0, 1])], [])
    intake.gate.set()
    await settle()
    assert intake.handled == [(0, [0, 1]), (0, [2, 3, 4])]
    assert intake.stream.acked == [(0, 1), (0, 2), (0, 4)]
    assert intake.intake.busy == 0


async def test_partitions_do_not_wait_for_each_other(intake):
    intake.stream.put(0, 0)
    intake.stream.put(1, 0)
    await settle()
    assert intake.handled == [(0, [0]), (1, [0])]


async def test_a_joined_batch_is_no_larger_than_any(intake):
    intake.stream.put(0, 0)
    await settle()
    intake.stream.put(0, *range(1, BATCH_MAX + 1))
    intake.stream.put(0, BATCH_MAX + 1)
    intake.gate.set()
    await settle()
    assert [len(offsets) for _, offsets in intake.handled] == [1, BATCH_MAX, 1]


async def test_a_failure_is_told_and_acknowledges_nothing(intake):
    intake.stream.put(13, 0)
    intake.gate.set()
    await settle()
    assert (intake.failures, intake.stream.acked) == (["poison"], [])


async def test_what_has_not_been_begun_is_forgotten_at_a_rebalance(intake):
    for offset in range(3):
        intake.stream.put(0, offset)
        await settle()
    intake.intake.forget()
    intake.gate.set()
    await settle()
    assert (intake.handled, intake.stream.acked) == ([(0, [0])], [(0, 0)])


async def test_an_intake_takes_no_more_than_it_should(intake):
    for offset in range(3 * MOST):
        intake.stream.put(0, offset)
    await settle()
    assert intake.stream.queue.qsize() >= MOST - 2


async def test_an_intake_that_may_linger_joins_what_comes_meanwhile():
    stream = Events()
    _, handled, task = await lingering(stream, 0.1)
    for offset in range(3):
        stream.put(0, offset)
        await settle()
    assert handled == []
    while not stream.acked:
        await asyncio.sleep(0.01)
    assert (handled, stream.acked) == ([[0, 1, 2]], [(0, 0), (0, 1), (0, 2)])
    task.cancel()


async def test_what_it_lingers_for_is_forgotten_at_a_rebalance():
    stream = Events()
    intake, handled, task = await lingering(stream, 0.05)
    stream.put(0, 0)
    await settle()
    intake.forget()
    while intake.busy:
        await asyncio.sleep(0.01)
    assert (handled, stream.acked) == ([], [])
    stream.put(0, 1)
    while not stream.acked:
        await asyncio.sleep(0.01)
    assert handled == [[1]]
    task.cancel()


@pytest.mark.parametrize("batch", [[0] * BATCH_MAX, [BYTES_MAX]])
async def test_a_batch_that_is_full_is_not_lingered_for(batch):
    stream = Events()
    _, handled, task = await lingering(stream, 60)
    stream.queue.put_nowait(SimpleNamespace(value=Batch("t", 0, records(*batch)), ack=lambda: None))
    await settle()
    assert len(handled[0]) == len(batch)
    task.cancel()


def records(*lengths):
    return [SimpleNamespace(offset=offset, value=b"x" * length) for offset, length in enumerate(lengths)]


def test_a_batch_is_cut_where_its_values_become_too_large():
    half = BYTES_MAX // 2
    batches = list(Batch.cut("t", 0, records(half, half, 1, 2 * BYTES_MAX, 5)))
    assert [[len(one.value) for one in batch.records] for batch in batches] == [[half, half], [1], [2 * BYTES_MAX], [5]]
    assert [batch.size for batch in batches] == [2 * half, 1, 2 * BYTES_MAX, 5]
    assert list(Batch.cut("t", 0, [])) == []


async def test_what_would_become_too_large_is_not_joined():
    stream, handled = Events(), []

    async def handle(batch):
        handled.append(batch.size)

    intake = Intake(handle, pytest.fail, lambda: 0.05)
    task = asyncio.create_task(intake.run(stream))
    for length in (10, 20, BYTES_MAX - 20, 30):
        batch = Batch("t", 0, records(length))
        stream.queue.put_nowait(SimpleNamespace(value=batch, ack=lambda: stream.acked.append(0)))
    while len(stream.acked) < 4:
        await asyncio.sleep(0.01)
    assert handled == [30, BYTES_MAX - 20, 30]
    task.cancel()
