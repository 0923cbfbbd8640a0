"""Bytes by key in memory, for tests: the twin of Redis (see `values`)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from time import monotonic

from recomind.errors import OutdatedError
from recomind.stores import keys as names
from recomind.stores.fencing import MEMORY, Fence
from recomind.stores.key_value import Guard, Lasting, Message


class MemoryValues:
    """The twin in memory: for tests, and for one process without Redis."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}
        self._listeners: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)
        self._logs: defaultdict[str, list[tuple[int, float, bytes]]] = defaultdict(list)
        """Entries: their number, until when they are kept, and the message."""
        self._appended = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        now = self._clock()
        found = (self._values.get(key) for key in keys)
        return [entry[0] if entry and entry[1] > now else None for entry in found]

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""
        if fence is not None:
            self._pass(fence)
        until = float("inf") if ttl is None else self._clock() + ttl
        self._values.update({key: (value, until) for key, value in values.items()})

    async def set_and_tell(self, values: Mapping[str, Lasting], message: Message, fence: Fence | None = None) -> None:
        """Set values, each for a time of its own, and send a message."""
        if fence is not None:
            self._pass(fence)
        for key, (value, ttl) in values.items():
            await self.set_many({key: value}, ttl)
        await self.publish(*message)

    async def set_new(self, values: Mapping[str, bytes], ttl: int, guard: Guard) -> bool:
        """Set values for `ttl` seconds if the first is not there and the guard is as it was; whether that was so."""
        is_new = (await self.get_many([next(iter(values)), guard[0]])) == [None, guard[1]]
        if is_new:
            await self.set_many(values, ttl)
        return is_new

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Remove keys."""
        if fence is not None:
            self._pass(fence)
        for key in keys:
            self._values.pop(key, None)

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""
        for queue in self._listeners[channel]:
            queue.put_nowait(message)

    async def listen(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """The messages of a channel, from now on; first of all a None once listening has begun."""
        queue = asyncio.Queue[bytes]()
        self._listeners[channel].add(queue)
        try:
            yield None
            while True:
                yield await queue.get()
        finally:
            self._listeners[channel].discard(queue)

    async def append(self, log: str, message: bytes, keep: int, fence: Fence | None = None) -> None:
        """Add an entry to a log, whose entries vanish after `keep` seconds."""
        if fence is not None:
            self._pass(fence)
        self._appended += 1
        kept = [entry for entry in self._logs[log] if entry[1] > self._clock()]
        self._logs[log] = [*kept, (self._appended, self._clock() + keep, message)]

    async def end_of(self, log: str) -> str:
        """The place in a log after which nothing has been added yet."""
        return str(self._appended)

    async def read_log(self, log: str, after: str) -> tuple[str, list[bytes]]:
        """Entries of a log after a place, none once all are read; and the place after them."""
        found = [entry for entry in self._logs[log] if entry[0] > int(after)]
        return str(found[-1][0]) if found else after, [message for _, _, message in found]

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key if the key has one; whether it had."""
        had = (await self.get_many([key])) != [None]
        if had:
            await self.set_many({key: value})
        return had

    async def run(self) -> bytes:
        """What names the server's run: there is but one."""
        return b"memory"

    async def keys_under(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix."""
        for key in [key for key in self._values if key.startswith(prefix)]:
            yield key

    async def close(self) -> None:
        """Nothing to disconnect."""

    def _pass(self, fence: Fence) -> None:
        key, now = names.generation(fence.group), self._clock()
        latest, until = self._values.get(key, (b"0", now))
        if until > now and int(latest) > fence.generation:
            raise OutdatedError("Redis", fence.generation)
        self._values[key] = b"%d" % fence.generation, now + MEMORY
