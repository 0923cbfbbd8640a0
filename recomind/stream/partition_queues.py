"""An agent's intake: the batches of a partition one after the other, partitions side by side.

An agent waits most of the time: for Kafka to acknowledge signals, for PostgreSQL to insert. What arrives for a
partition meanwhile is joined to one batch, so that many small ones wait once; and no partition waits for another. A
batch is acknowledged once it is done: the consumer's account never passes one that is not.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

from recomind.stream.batches import BATCH_MAX, BYTES_MAX, Batch

MOST: Final = 128
"""Batches that may wait in an intake; then it takes no more, and Faust's queue before it fills."""


class Intake:
    """Hands batches to one agent's `handle`."""

    def __init__(
        self,
        handle: Callable[[Batch], Awaitable[None]],
        on_error: Callable[[BaseException], Awaitable[None]],
        linger: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Make one.

        Args:
            handle: does the agent's work on a batch.
            on_error: told of what `handle` raises.
            linger: for how many seconds more is to be waited for before a batch is begun, at most: all partitions of
                all agents wake at the same moments, so that they share statements, and one turn of the loop.
        """
        self._handle = handle
        self._on_error = on_error
        self._linger = linger
        self._arrived: defaultdict[int, deque[Any]] = defaultdict(deque)
        self._room = asyncio.Semaphore(MOST)
        self._at_work: dict[int, asyncio.Task[None]] = {}

    @property
    def busy(self) -> int:
        """How many partitions are at work."""
        return len(self._at_work)

    async def run(self, stream: Any) -> None:
        """Take from a Faust stream for as long as it lasts."""
        try:
            async for event in stream.noack().events():
                await self._room.acquire()
                self._arrived[event.value.partition].append(event)
                self._start(event.value.partition)
        finally:
            for task in self._at_work.values():
                task.cancel()

    def forget(self) -> None:
        """Leave out what has not been begun: after a rebalance it is delivered again, to whom it belongs."""
        for events in self._arrived.values():
            for _ in range(len(events)):
                self._room.release()
            events.clear()

    def _start(self, partition: int) -> None:
        if partition not in self._at_work:
            self._at_work[partition] = asyncio.create_task(self._work(partition), name=f"partition {partition}")

    async def _work(self, partition: int) -> None:
        try:
            while self._arrived[partition]:
                if (pause := self._linger()) and not self._is_full(partition):
                    await asyncio.sleep(pause - monotonic() % pause)
                if events := self._next(partition):  # a rebalance may have taken them away
                    await self._handle(Batch.joined([event.value for event in events]))
                    for event in events:
                        event.ack()
                    await asyncio.sleep(0)  # others have their turn between two batches
        except Exception as error:  # noqa: BLE001 the edge of an agent: the worker stops, and the work is repeated
            await self._on_error(error)
        finally:
            del self._at_work[partition]

    def _is_full(self, partition: int) -> bool:
        batches = [event.value for event in self._arrived[partition]]
        records, size = sum(len(one.records) for one in batches), sum(one.size for one in batches)
        return records >= BATCH_MAX or size >= BYTES_MAX

    def _next(self, partition: int) -> list[Any]:
        """What has arrived, as much as makes one batch."""
        arrived, records, size = self._arrived[partition], 0, 0
        taken: list[Any] = []
        while arrived:
            records, size = records + len(arrived[0].value.records), size + arrived[0].value.size
            if taken and (records > BATCH_MAX or size > BYTES_MAX):
                break
            taken.append(arrived.popleft())
            self._room.release()
        return taken
