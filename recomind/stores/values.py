"""Bytes by key: Redis, and its twin in memory. All that the read model asks of a server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Protocol, TypeVar

from redis import asyncio as redis
from redis.exceptions import RedisError

from recomind.errors import UnavailableError

Answer = TypeVar("Answer")


class Values(Protocol):
    """Bytes by key, some of which vanish after a time."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""

    async def close(self) -> None:
        """Disconnect."""


class MemoryValues:
    """The twin in memory: for tests, and for one process without Redis."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}

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

    async def close(self) -> None:
        """Nothing to disconnect."""


class RedisValues:
    """Redis."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        if not keys:
            return []
        found: Awaitable[Any] = self._redis.mget(list(keys))
        return list(await _answer(found))

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""
        if not values:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(key, value, ex=ttl)
        await _answer(pipeline.execute())

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""
        if keys:
            await _answer(self._redis.delete(*keys))

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()


async def _answer(call: Awaitable[Answer]) -> Answer:
    """The border: Redis's errors become ours."""
    try:
        return await call
    except (RedisError, OSError) as error:
        raise UnavailableError("Redis", error) from error
