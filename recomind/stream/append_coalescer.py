"""Concurrent appends to a partition share a batch: a batch costs Kafka, and us, about as much as a record.

Appends that arrive while a batch of their partition is on its way are joined into the next one. So the more there are,
the fewer batches each of them takes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from recomind.errors.circuit_breaker import recording_unavailable_servers
from recomind.model.ids import Partition

Record = TypeVar("Record")
Result = TypeVar("Result")


Place = tuple[str, Partition]
"""A topic and one of its partitions."""


class AppendCoalescer(Generic[Record, Result]):
    """Joins appends."""

    def __init__(self, append: Callable[[str, Partition, Sequence[Record]], Awaitable[Sequence[Result]]]) -> None:
        """Create a coalescer.

        Args:
            append: appends records to a partition of a topic, and returns the result of each.
        """
        self._append = append
        self._pending: defaultdict[Place, list[tuple[Sequence[Record], asyncio.Future[Sequence[Result]]]]]
        self._pending = defaultdict(list)
        self._tasks: dict[Place, asyncio.Task[None]] = {}

    async def append(self, topic: str, partition: Partition, records: Sequence[Record]) -> Sequence[Result]:
        """Append records to a partition of a topic; returns the result of each.

        Raises:
            Exception: the error with which the batch failed; all appends of a batch get it.
        """
        place, done = (topic, partition), asyncio.get_running_loop().create_future()
        self._pending[place].append((records, done))
        if place not in self._tasks:
            self._tasks[place] = asyncio.create_task(self._run(place), name=f"append to {topic} {partition}")
        with recording_unavailable_servers():
            results: Sequence[Result] = await done
        return results

    async def _run(self, place: Place) -> None:
        try:
            while batch := self._pending.pop(place, None):
                await self._append_batch(place, batch)
        finally:
            del self._tasks[place]

    async def _append_batch(
        self, place: Place, batch: Sequence[tuple[Sequence[Record], asyncio.Future[Sequence[Result]]]]
    ) -> None:
        try:
            results = iter(await self._append(*place, [record for records, _ in batch for record in records]))
        except asyncio.CancelledError:
            for _, done in batch:
                done.cancel()
            raise
        except Exception as error:  # noqa: BLE001 it is raised where the results are awaited
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for records, done in batch:
            own = list(islice(results, len(records)))
            if not done.done():  # else the caller waits no longer
                done.set_result(own)
