"""Publishing what changed: values collect under their keys and go out together, the latest of each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from recomind.runtime.app import RecoMindApp

Value = TypeVar("Value")


class Publisher(Generic[Value]):
    """Collects values and writes them by `write`, each time the clock ticks and before each commit."""

    def __init__(self, write: Callable[[Mapping[str, Value]], Awaitable[Any]]) -> None:
        self._write = write
        self._changed: dict[str, Value] = {}
        self._writing = asyncio.Lock()

    def add(self, key: str, value: Value) -> None:
        """Have a value written; an earlier one under the key is superseded."""
        self._changed[key] = value

    async def flush(self) -> None:
        """Write what has collected; one flush at a time, so that what is being written is in when this returns.

        Raises:
            UnavailableError: it could not be written; whatever happens, it is kept for the next time.
        """
        async with self._writing:
            changed, self._changed = self._changed, {}
            try:
                if changed:
                    await self._write(changed)
            except BaseException:
                self._changed = {**changed, **self._changed}
                raise

    def declare(self, app: RecoMindApp, name: str) -> None:
        """Flush at the app's publish interval and before its commits; publish a whole table under its `name`."""
        app.publishers[name] = self
        app.commit_hooks.append(self.flush)
        app.every(app.options.publish_interval, self.flush)


async def publish_all(app: RecoMindApp, partition: int) -> None:
    """Publish every value of a partition's tables."""
    for name, table in app.kept.items():
        publisher = app.publishers[name]
        if partition in table.partitions:
            for key, value in table.items(partition):
                publisher.add(key, value)
            await publisher.flush()
