"""Concurrent small reads share commands: one command costs Redis as much as 30 keys."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

from recomind.errors.circuit_breaker import recording_unavailable_servers

Value = TypeVar("Value")

_PendingRead = tuple[Sequence[str], asyncio.Future[list[Value]]]
"""The keys of a read and its result."""


class ReadCoalescer(Generic[Value]):
    """Joins reads into batches: a read joins the next batch, which is sent when the current one returns.

    So the more reads there are, the more of them share a command.
    """

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[Sequence[Value]]]) -> None:
        """Make a coalescer.

        Args:
            read: reads the values of keys in the same order, by one command.
        """
        self._read_batch = read
        self._pending: list[_PendingRead[Value]] = []
        """Reads of the next batch. Each batch has a list of its own."""
        self._last_batch: asyncio.Task[Sequence[Value]] | None = None

    async def read(self, keys: Sequence[str]) -> list[Value]:
        """The values of keys in the same order.

        Raises:
            Exception: the error with which the batch failed; all reads of a batch get it.
        """
        result: asyncio.Future[list[Value]] = asyncio.get_running_loop().create_future()
        if not self._pending:
            self._last_batch = asyncio.create_task(self._send_after(self._last_batch))
            self._last_batch.add_done_callback(partial(_resolve, self._pending))
        self._pending.append((keys, result))
        with recording_unavailable_servers():
            return await result

    async def _send_after(self, previous: asyncio.Task[Sequence[Value]] | None) -> Sequence[Value]:
        """Wait for the previous batch, then send the pending one."""
        if previous is not None and not previous.done():
            await asyncio.wait([previous])
        await asyncio.sleep(0)  # reads of this iteration of the event loop join
        batch, self._pending = self._pending, []
        return await self._read_batch([key for keys, _ in batch for key in keys])


def _resolve(batch: Sequence[_PendingRead[Value]], task: asyncio.Task[Sequence[Value]]) -> None:
    """Resolve all reads of a batch in one iteration of the event loop, so that their next reads join again."""
    error = None if task.cancelled() else task.exception()
    found = iter(() if task.cancelled() or error else task.result())
    for keys, result in batch:
        values = list(islice(found, len(keys)))
        if result.done():  # the reader was cancelled
            continue
        if task.cancelled():
            result.cancel()
        elif error is not None:
            result.set_exception(error)
        else:
            result.set_result(values)
