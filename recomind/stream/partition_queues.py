"""An agent's queues, one for each partition: batches of a partition in order, partitions concurrently.

An agent mostly waits: for Kafka to acknowledge signals, for PostgreSQL to insert. Batches of a partition that arrive in
that time are joined, so that they wait only once; and no partition waits for another. A batch is acknowledged after it
has been handled: the consumer never commits past a batch that has not.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

from recomind.model.ids import Partition
from recomind.stream.batches import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Batch

MAX_QUEUED_BATCHES: Final = 128
"""Limit for all queues of an agent together; beyond it, back-pressure reaches Faust's stream buffer."""


class PartitionQueues:
    """Passes batches to one agent's handler."""

    def __init__(
        self,
        handle: Callable[[Batch], Awaitable[None]],
        on_error: Callable[[BaseException], Awaitable[None]],
        linger: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Create empty queues.

        Args:
            handle: processes a batch.
            on_error: called with an exception of `handle`; the batch is not acknowledged.
            linger: the longest time, in seconds, to wait for more records before a batch is handled. The waits of all
                agents and partitions end at the same multiples of it: they then share SQL statements and wake-ups.
        """
        self._handle = handle
        self._on_error = on_error
        self._linger = linger
        self._queues: defaultdict[int, deque[Any]] = defaultdict(deque)
        self._capacity = asyncio.Semaphore(MAX_QUEUED_BATCHES)
        self._workers: dict[int, asyncio.Task[None]] = {}

    @property
    def busy_partitions(self) -> int:
        """How many partitions have a batch being handled, or queued."""
        return len(self._workers)

    async def run(self, stream: Any) -> None:
        """Queue the events of a Faust stream, until it ends."""
        try:
            async for event in stream.noack().events():
                await self._capacity.acquire()
                self._queues[event.value.partition].append(event)
                self._start_worker(event.value.partition)
        finally:
            for task in self._workers.values():
                task.cancel()

    def drop_queued(self) -> None:
        """Drop queued batches at a rebalance; Kafka redelivers them to the new owner of their partition."""
        for events in self._queues.values():
            for _ in range(len(events)):
                self._capacity.release()
            events.clear()

    def _start_worker(self, partition: Partition) -> None:
        if partition not in self._workers:
            self._workers[partition] = asyncio.create_task(self._work(partition), name=f"partition {partition}")

    async def _work(self, partition: Partition) -> None:
        """Handle the queue of a partition until it is empty."""
        try:
            while self._queues[partition]:
                if (interval := self._linger()) and not self._has_full_batch(partition):
                    await asyncio.sleep(interval - monotonic() % interval)
                if events := self._next_events(partition):  # a rebalance may have emptied the queue
                    await self._handle(Batch.join([event.value for event in events]))
                    for event in events:
                        event.ack()
                    await asyncio.sleep(0)  # let other tasks run between two batches
        except Exception as error:  # noqa: BLE001 any failure of an agent stops the worker, and the work is repeated
            await self._on_error(error)
        finally:
            del self._workers[partition]

    def _has_full_batch(self, partition: Partition) -> bool:
        batches = [event.value for event in self._queues[partition]]
        records, size = sum(len(one.records) for one in batches), sum(one.size_bytes for one in batches)
        return records >= MAX_BATCH_RECORDS or size >= MAX_BATCH_BYTES

    def _next_events(self, partition: Partition) -> list[Any]:
        """The first events of the queue, as many as fit into one batch."""
        queue, records, size = self._queues[partition], 0, 0
        events: list[Any] = []
        while queue:
            records, size = records + len(queue[0].value.records), size + queue[0].value.size_bytes
            if events and (records > MAX_BATCH_RECORDS or size > MAX_BATCH_BYTES):
                break
            events.append(queue.popleft())
            self._capacity.release()
        return events
