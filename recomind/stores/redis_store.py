"""Redis as a `KeyValueStore`: small reads share commands, and multi-step operations are Lua scripts."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from recomind.errors import OutdatedError, SettingsError
from recomind.errors.circuit_breaker import CircuitBreaker
from recomind.stores import keys as names
from recomind.stores import lua_scripts
from recomind.stores.fencing import Fence
from recomind.stores.key_value import MAX_KEYS_PER_COMMAND, ChannelMessage, Precondition, ValueWithTtl
from recomind.stores.read_coalescer import ReadCoalescer

MAX_CONNECTIONS: Final = 128
"""Most connections of a process; further requests wait for a free one."""

TIMEOUT_S: Final = 1.0
"""Time in which Redis must answer."""

IDLE_PING_S: Final = 1.0
"""A subscriber pings Redis after this time without a message."""

MAX_COALESCED_KEYS: Final = 8
"""Reads of up to this many keys are coalesced with concurrent ones."""

MAX_ENTRIES_PER_READ: Final = 16
"""Most stream entries read by one command."""

MESSAGE_FIELD: Final = b"m"
"""The only field of a stream entry."""

STREAM_START: Final = "0-0"
"""The id before the first entry of a stream."""


def _pool(url: str) -> redis.BlockingConnectionPool:
    """A pool of connections. It makes one, which does not connect yet, as that checks the parameters of the URL.

    Raises:
        SettingsError: the URL has a parameter that a connection does not have, or one of the wrong type.
    """
    try:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # once, after a restart of Redis
        )
        pool.make_connection()
    except (TypeError, ValueError, RedisError) as error:
        raise SettingsError(
            f"RECOMIND_REDIS_URL has a parameter that cannot be used (of {', '.join(_parameters(url))}): remove it, "
            "or see redis-py's Connection and SSLConnection for those that there are"
        ) from error
    return pool


def _parameters(url: str) -> list[str]:
    """The names, not the values, of a URL's parameters."""
    return [name for name, _ in parse_qsl(urlsplit(url).query)]


class RedisStore:
    """A `KeyValueStore` over one Redis server."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_pool(_pool(url))
        self._breaker = CircuitBreaker("Redis", (RedisConnectionError, RedisTimeoutError, OSError), (RedisError,))
        script = self._redis.register_script
        self._set_many, self._set_many_fenced = script(lua_scripts.SET_MANY), script(lua_scripts.SET_MANY_FENCED)
        self._set_and_publish = script(lua_scripts.SET_AND_PUBLISH)
        self._set_and_publish_fenced = script(lua_scripts.SET_AND_PUBLISH_FENCED)
        self._set_if_absent, self._delete_fenced = script(lua_scripts.SET_IF_ABSENT), script(lua_scripts.DELETE_FENCED)
        self._set_if_absent_and_publish = script(lua_scripts.SET_IF_ABSENT_AND_PUBLISH)
        self._append, self._append_fenced = script(lua_scripts.APPEND), script(lua_scripts.APPEND_FENCED)
        self._absent, self._containing = script(lua_scripts.ABSENT), script(lua_scripts.CONTAINING)
        self._coalescer = ReadCoalescer(self._read)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys in the same order, None for absent ones."""
        if not keys:
            return []
        if len(keys) > MAX_COALESCED_KEYS:
            return await self._read(keys)
        return await self._coalescer.read(keys)

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values that expire after `ttl` seconds; None: never."""
        entries = list(values.items())
        for start in range(0, len(entries), MAX_KEYS_PER_COMMAND):
            chunk = dict(entries[start : start + MAX_KEYS_PER_COMMAND])
            if fence is None:
                await self._run(self._set_many, list(chunk), [ttl or 0, *chunk.values()])
            else:
                await self._run_fenced(fence, self._set_many_fenced, list(chunk), [ttl or 0, *chunk.values()])

    async def set_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, fence: Fence | None = None
    ) -> None:
        """Set values, each with its own TTL, and publish a message, in one step."""
        arguments = [*message, *(part for value, ttl in values.values() for part in (ttl, value))]
        if fence is None:
            await self._run(self._set_and_publish, list(values), arguments)
        else:
            await self._run_fenced(fence, self._set_and_publish_fenced, list(values), arguments)

    async def set_if_absent(self, values: Mapping[str, bytes], ttl: int | None, precondition: Precondition) -> bool:
        """Set values if the first key is absent and the precondition holds; returns whether they were set."""
        key, expected = precondition
        arguments = [ttl or 0, *values.values(), expected or b""]
        return bool(await self._run(self._set_if_absent, [*values, key], arguments))

    async def set_if_absent_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, preconditions: Mapping[str, bytes | None]
    ) -> bool:
        """Set values and publish a message if the first key is absent and the preconditions hold, in one step."""
        arguments = [*message, *(part for value, ttl in values.values() for part in (ttl, value))]
        arguments += [*(expected or b"" for expected in preconditions.values()), len(preconditions)]
        return bool(await self._run(self._set_if_absent_and_publish, [*values, *preconditions], arguments))

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Delete keys."""
        for start in range(0, len(keys), MAX_KEYS_PER_COMMAND):
            chunk = list(keys[start : start + MAX_KEYS_PER_COMMAND])
            if fence is None:
                with self._breaker:
                    await self._redis.delete(*chunk)
            else:
                await self._run_fenced(fence, self._delete_fenced, chunk, [])

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish a message to the current subscribers of a channel."""
        with self._breaker:
            sent: Awaitable[Any] = self._redis.publish(channel, message)
            await sent

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """Yield the messages of a channel; a first None signals that the subscription is active.

        Raises:
            UnavailableError: the connection is lost, or Redis does not answer a ping.
        """
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            with self._breaker:
                await subscription.subscribe(channel)
                await self._redis.ping()
            yield None
            while True:
                with self._breaker:
                    message = await subscription.get_message(timeout=IDLE_PING_S)
                    if message is None:  # either nothing was published, or Redis is away
                        await self._redis.ping()
                if message is not None:
                    yield message["data"]

    async def append(self, stream: str, message: bytes, retention_s: int, fence: Fence | None = None) -> None:
        """Append a message to a stream; it is trimmed some time after `retention_s` seconds."""
        if fence is None:
            await self._run(self._append, [stream], [retention_s, message])
        else:
            await self._run_fenced(fence, self._append_fenced, [stream], [retention_s, message])

    async def stream_end(self, stream: str) -> str:
        """The id of the last entry of a stream."""
        with self._breaker:
            last: Any = await self._redis.xrevrange(stream, count=1)
        return last[0][0].decode() if last else STREAM_START

    async def read_stream(self, stream: str, after: str) -> tuple[str, list[bytes]]:
        """The next messages after an entry id, and the id of the last one; no messages at the end."""
        with self._breaker:
            found: Any = await self._redis.xread({stream: after}, count=MAX_ENTRIES_PER_READ)
        entries = found[0][1] if found else []
        return entries[-1][0].decode() if entries else after, [fields[MESSAGE_FIELD] for _, fields in entries]

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key that exists; returns whether it did."""
        with self._breaker:
            replaced: Awaitable[Any] = self._redis.set(key, value, xx=True)
            return bool(await replaced)

    async def server_run_id(self) -> bytes:
        """The `run_id` of the server: it changes at each start."""
        return str(await self._info("server", "run_id")).encode()

    async def absent(self, keys: Sequence[str]) -> list[str]:
        """Those of these keys, at most `MAX_KEYS_PER_COMMAND`, that do not exist."""
        return [keys[int(at) - 1] for at in await self._run(self._absent, keys, [])] if keys else []

    async def containing(self, keys: Sequence[str], parts: Sequence[bytes]) -> list[str]:
        """Those of these keys, at most `MAX_KEYS_PER_COMMAND`, whose values contain any of some parts."""
        if not keys or not parts:
            return []
        return [keys[int(at) - 1] for at in await self._run(self._containing, keys, parts)]

    async def evicted_keys(self) -> int:
        """How many keys this run of the server has deleted to make room for others."""
        return int(await self._info("stats", "evicted_keys"))

    async def eviction_policy(self) -> str:
        """The `maxmemory_policy` of the server; `noeviction` if it does not tell one."""
        return str(await self._info("memory", "maxmemory_policy") or "noeviction")

    async def scan_keys(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix without pattern characters, each at least once."""
        cursor = -1
        while cursor:
            with self._breaker:
                scanned: Awaitable[Any] = self._redis.scan(max(cursor, 0), f"{prefix}*", count=1_000)
                cursor, found = await scanned
            for key in found:
                yield key.decode()

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def _info(self, section: str, name: str) -> Any:
        """A value of `INFO`; 0 if there is none."""
        with self._breaker:
            information: Awaitable[Any] = self._redis.info(section)
            return (await information).get(name, 0)

    async def _read(self, keys: Sequence[str]) -> list[bytes | None]:
        with self._breaker:
            found: Awaitable[Any] = self._redis.mget(list(keys))
            return list(await found)

    async def _run(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        with self._breaker:
            return await script(keys=keys, args=arguments)

    async def _run_fenced(self, fence: Fence, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> None:
        """Run a script that begins with `CHECK_FENCE`: the last key and argument are the fence's."""
        if not await self._run(script, [*keys, names.generation(fence.group)], [*arguments, fence.generation]):
            raise OutdatedError("Redis", fence.generation)
