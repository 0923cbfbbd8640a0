"""Bytes by key, and messages to whoever listens: Redis, and its twin in memory. All that is asked of a server."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final, Protocol

from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from recomind.breaker import Breaker

CONNECTIONS: Final = 128
"""Most connections of a process; more requests than that wait for one."""

ANSWER_WITHIN: Final = 1.0
"""Seconds Redis may take to answer."""

PATIENCE: Final = 1.0
"""Seconds of silence on a channel after which a listener looks whether Redis is still there."""


class Values(Protocol):
    """Bytes by key, some of which vanish after a time."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""

    def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        """The messages of a channel, from now on; first of all a None once listening has begun."""

    async def close(self) -> None:
        """Disconnect."""


class MemoryValues:
    """The twin in memory: for tests, and for one process without Redis."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}
        self._listeners: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        now = self._clock()
        found = (self._values.get(key) for key in keys)
        return [entry[0] if entry and entry[1] > now else None for entry in found]

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""
        until = float("inf") if ttl is None else self._clock() + ttl
        self._values.update({key: (value, until) for key, value in values.items()})

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""
        for key in keys:
            self._values.pop(key, None)

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""
        for queue in self._listeners[channel]:
            queue.put_nowait(message)

    async def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        """The messages of a channel, from now on; first of all a None once listening has begun."""
        queue = asyncio.Queue[bytes]()
        self._listeners[channel].add(queue)
        try:
            yield None
            while True:
                yield await queue.get()
        finally:
            self._listeners[channel].discard(queue)

    async def close(self) -> None:
        """Nothing to disconnect."""


class RedisValues:
    """Redis."""

    def __init__(self, url: str) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_WITHIN,
            socket_timeout=ANSWER_WITHIN,
            socket_connect_timeout=ANSWER_WITHIN,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # once, where it was restarted
        )
        self._redis = redis.Redis.from_pool(pool)
        self._border = Breaker("Redis", (RedisConnectionError, RedisTimeoutError, OSError), (RedisError,))

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        if not keys:
            return []
        with self._border:
            found: Awaitable[Any] = self._redis.mget(list(keys))
            return list(await found)

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""
        if not values:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(key, value, ex=ttl)
        with self._border:
            await pipeline.execute()

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""
        if keys:
            with self._border:
                await self._redis.delete(*keys)

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""
        with self._border:
            sent: Awaitable[Any] = self._redis.publish(channel, message)
            await sent

    async def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        """The messages of a channel, from now on; first of all a None once listening has begun.

        Raises:
            UnavailableError: the connection is lost.
        """
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            with self._border:
                await subscription.subscribe(channel)
            yield None
            while True:
                with self._border:
                    message = await subscription.get_message(timeout=PATIENCE)
                if message is not None:
                    yield message["data"]

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()
