"""Write-behind: values collect by key in memory, and the latest of each is written with the others, at an interval."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class WriteBehind(Generic[Value]):
    """Collects values and hands them to `write`, whenever it is flushed."""

    def __init__(self, write: Callable[[Mapping[str, Value]], Awaitable[Any]]) -> None:
        self._write = write
        self._pending: dict[str, Value] = {}
        self._lock = asyncio.Lock()

    def add(self, key: str, value: Value) -> None:
        """Have a value written by the next flush; it supersedes an earlier one of the same key."""
        self._pending[key] = value

    async def flush(self) -> None:
        """Write what has collected. Flushes run one after the other, so all that was added before is then written.

        Raises:
            UnavailableError: it could not be written. After any error, the values are kept for the next flush.
        """
        async with self._lock:
            values, self._pending = self._pending, {}
            try:
                if values:
                    await self._write(values)
            except BaseException:
                self._pending = {**values, **self._pending}
                raise
