"""A key-value store in memory, for tests. It behaves like `redis_store`."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from time import monotonic

from recomind.errors import OutdatedError
from recomind.stores import keys as names
from recomind.stores.fencing import GENERATION_TTL_S, Fence
from recomind.stores.key_value import ChannelMessage, Precondition, ValueWithTtl


class InMemoryStore:
    """A `KeyValueStore` for one process without Redis."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}
        """Key to its value and expiry time."""
        self._subscribers: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)
        self._streams: defaultdict[str, list[tuple[int, float, bytes]]] = defaultdict(list)
        """Stream to its entries: id, expiry time and message."""
        self._last_entry_id = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys in the same order, None for absent ones."""
        now = self._clock()
        found = (self._values.get(key) for key in keys)
        return [entry[0] if entry and entry[1] > now else None for entry in found]

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values that expire after `ttl` seconds; None: never."""
        if fence is not None:
            self._check_fence(fence)
        expires_at = float("inf") if ttl is None else self._clock() + ttl
        self._values.update({key: (value, expires_at) for key, value in values.items()})

    async def set_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, fence: Fence | None = None
    ) -> None:
        """Set values, each with its own TTL, and publish a message."""
        if fence is not None:
            self._check_fence(fence)
        for key, (value, ttl) in values.items():
            await self.set_many({key: value}, ttl)
        await self.publish(*message)

    async def set_if_absent(self, values: Mapping[str, bytes], ttl: int | None, precondition: Precondition) -> bool:
        """Set values if the first key is absent and the precondition holds; returns whether they were set."""
        key, expected = precondition
        is_absent = (await self.get_many([next(iter(values)), key])) == [None, expected]
        if is_absent:
            await self.set_many(values, ttl)
        return is_absent

    async def set_if_absent_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, preconditions: Mapping[str, bytes | None]
    ) -> bool:
        """Set values and publish a message if the first key is absent and the preconditions hold."""
        found = await self.get_many([next(iter(values)), *preconditions])
        if found != [None, *preconditions.values()]:
            return False
        await self.set_and_publish(values, message)
        return True

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Delete keys."""
        if fence is not None:
            self._check_fence(fence)
        for key in keys:
            self._values.pop(key, None)

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish a message to the current subscribers of a channel."""
        for queue in self._subscribers[channel]:
            queue.put_nowait(message)

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """Yield the messages of a channel; a first None signals that the subscription is active."""
        queue = asyncio.Queue[bytes]()
        self._subscribers[channel].add(queue)
        try:
            yield None
            while True:
                yield await queue.get()
        finally:
            self._subscribers[channel].discard(queue)

    async def append(self, stream: str, message: bytes, retention_s: int, fence: Fence | None = None) -> None:
        """Append a message to a stream; it is trimmed by the first append after `retention_s` seconds."""
        if fence is not None:
            self._check_fence(fence)
        self._last_entry_id += 1
        retained = [entry for entry in self._streams[stream] if entry[1] > self._clock()]
        self._streams[stream] = [*retained, (self._last_entry_id, self._clock() + retention_s, message)]

    async def stream_end(self, stream: str) -> str:
        """The id of the last entry of a stream."""
        return str(self._last_entry_id)

    async def read_stream(self, stream: str, after: str) -> tuple[str, list[bytes]]:
        """Messages after an entry id, and the id of the last one."""
        found = [entry for entry in self._streams[stream] if entry[0] > int(after)]
        return str(found[-1][0]) if found else after, [message for _, _, message in found]

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key that exists; returns whether it did."""
        existed = (await self.get_many([key])) != [None]
        if existed:
            await self.set_many({key: value})
        return existed

    async def server_run_id(self) -> bytes:
        """The id of the only run."""
        return b"memory"

    async def absent(self, keys: Sequence[str]) -> list[str]:
        """Those of these keys that do not exist."""
        return [key for key, value in zip(keys, await self.get_many(keys), strict=True) if value is None]

    async def containing(self, keys: Sequence[str], parts: Sequence[bytes]) -> list[str]:
        """Those of these keys whose values contain any of some parts."""
        values = zip(keys, await self.get_many(keys), strict=True)
        return [key for key, value in values if value is not None and any(part in value for part in parts)]

    async def evicted_keys(self) -> int:
        """None: memory is not limited."""
        return 0

    async def eviction_policy(self) -> str:
        """Nothing is deleted."""
        return "noeviction"

    async def scan_keys(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix."""
        for key in [key for key in self._values if key.startswith(prefix)]:
            yield key

    async def close(self) -> None:
        """Nothing to disconnect."""

    def _check_fence(self, fence: Fence) -> None:
        key, now = names.generation(fence.group), self._clock()
        latest, expires_at = self._values.get(key, (b"0", now))
        if expires_at > now and int(latest) > fence.generation:
            raise OutdatedError("Redis", fence.generation)
        self._values[key] = b"%d" % fence.generation, now + GENERATION_TTL_S
