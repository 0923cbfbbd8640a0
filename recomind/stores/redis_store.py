"""Redis, as `Values`: small reads share a command, and what has to hold together is done in one step."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from recomind.errors import OutdatedError
from recomind.errors.circuit_breaker import Breaker
from recomind.stores import keys as names
from recomind.stores.fencing import Fence
from recomind.stores.key_value import MOST, Guard, Lasting, Message
from recomind.stores.lua_scripts import (
    APPEND,
    APPEND_FENCED,
    DELETE_FENCED,
    SET_ALL,
    SET_AND_TELL,
    SET_AND_TELL_FENCED,
    SET_FENCED,
    SET_NEW,
)

CONNECTIONS: Final = 128
"""Most connections of a process; more requests than that wait for one."""

ANSWER_WITHIN: Final = 1.0
"""Seconds Redis may take to answer."""

PATIENCE: Final = 1.0
"""Seconds of silence on a channel after which a listener looks whether Redis is still there."""

TOGETHER: Final = 8
"""Reads of at most so many keys share a command with others."""

ENTRIES: Final = 16
"""Most entries of a log read by one command."""

MESSAGE: Final = b"m"
"""The one field of an entry."""

START: Final = "0-0"
"""The place in a log before its first entry."""

Asked = tuple[Sequence[str], asyncio.Future[list[bytes | None]]]
"""Keys that are read along with others', and their values to come."""


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
        self._set_all, self._set_fenced, self._delete_fenced, self._set_new, self._append, self._append_fenced = map(
            self._redis.register_script, (SET_ALL, SET_FENCED, DELETE_FENCED, SET_NEW, APPEND, APPEND_FENCED)
        )
        self._set_and_tell, self._set_and_tell_fenced = map(
            self._redis.register_script, (SET_AND_TELL, SET_AND_TELL_FENCED)
        )
        self._asked: list[Asked] = []
        """Reads that wait for the next round."""
        self._round: asyncio.Task[list[bytes | None]] | None = None
        """The last one begun."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        if not keys:
            return []
        if len(keys) > TOGETHER:
            return await self._read(keys)
        return await self._read_together(keys)

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never."""
        entries = list(values.items())
        for start in range(0, len(entries), MOST):
            some = dict(entries[start : start + MOST])
            if fence is None:
                await self._run(self._set_all, list(some), [ttl or 0, *some.values()])
            else:
                await self._run_behind(fence, self._set_fenced, list(some), [ttl or 0, *some.values()])

    async def set_and_tell(self, values: Mapping[str, Lasting], message: Message, fence: Fence | None = None) -> None:
        """Set values, each for a time of its own, and send a message, in one step."""
        arguments = [*message, *(part for value, ttl in values.values() for part in (ttl, value))]
        if fence is None:
            await self._run(self._set_and_tell, list(values), arguments)
        else:
            await self._run_behind(fence, self._set_and_tell_fenced, list(values), arguments)

    async def set_new(self, values: Mapping[str, bytes], ttl: int, guard: Guard) -> bool:
        """Set values for `ttl` seconds if the first is not there and the guard is as it was; whether that was so."""
        name, expected = guard
        return bool(await self._run(self._set_new, [*values, name], [ttl, *values.values(), expected or b""]))

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Remove keys."""
        for start in range(0, len(keys), MOST):
            some = list(keys[start : start + MOST])
            if fence is None:
                with self._border:
                    await self._redis.delete(*some)
            else:
                await self._run_behind(fence, self._delete_fenced, some, [])

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""
        with self._border:
            sent: Awaitable[Any] = self._redis.publish(channel, message)
            await sent

    async def listen(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """The messages of a channel, from now on; first of all a None once listening has begun.

        Raises:
            UnavailableError: the connection is lost, or Redis is silent.
        """
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            with self._border:
                await subscription.subscribe(channel)
                await self._redis.ping()
            yield None
            while True:
                with self._border:
                    message = await subscription.get_message(timeout=PATIENCE)
                    if message is None:  # nobody says anything, or Redis is silent
                        await self._redis.ping()
                if message is not None:
                    yield message["data"]

    async def append(self, log: str, message: bytes, keep: int, fence: Fence | None = None) -> None:
        """Add an entry to a log, whose entries vanish some time after `keep` seconds."""
        if fence is None:
            await self._run(self._append, [log], [keep, message])
        else:
            await self._run_behind(fence, self._append_fenced, [log], [keep, message])

    async def end_of(self, log: str) -> str:
        """The place in a log after which nothing has been added yet."""
        with self._border:
            last: Any = await self._redis.xrevrange(log, count=1)
        return last[0][0].decode() if last else START

    async def read_log(self, log: str, after: str) -> tuple[str, list[bytes]]:
        """Entries of a log after a place, none once all are read; and the place after them."""
        with self._border:
            found: Any = await self._redis.xread({log: after}, count=ENTRIES)
        entries = found[0][1] if found else []
        return entries[-1][0].decode() if entries else after, [fields[MESSAGE] for _, fields in entries]

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key if the key has one; whether it had."""
        with self._border:
            replaced: Awaitable[Any] = self._redis.set(key, value, xx=True)
            return bool(await replaced)

    async def run(self) -> bytes:
        """What names the server's run."""
        with self._border:
            information: Awaitable[Any] = self._redis.info("server")
            return str((await information)["run_id"]).encode()

    async def keys_under(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix, which has no pattern characters."""
        cursor = -1
        while cursor:
            with self._border:
                scanned: Awaitable[Any] = self._redis.scan(max(cursor, 0), f"{prefix}*", count=1_000)
                cursor, found = await scanned
            for key in found:
                yield key.decode()

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def _run(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        with self._border:
            return await script(keys=keys, args=arguments)

    async def _run_behind(self, fence: Fence, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> None:
        """Run a script that begins with `FENCE`: the key of the latest generation and ours come last."""
        if not await self._run(script, [*keys, names.generation(fence.group)], [*arguments, fence.generation]):
            raise OutdatedError("Redis", fence.generation)

    async def _read(self, keys: Sequence[str]) -> list[bytes | None]:
        with self._border:
            found: Awaitable[Any] = self._redis.mget(list(keys))
            return list(await found)

    async def _read_together(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read along with all who ask until the round before is answered: a command costs as much as 30 keys.

        So the more there is to do, the more reads share a command.
        """
        answer: asyncio.Future[list[bytes | None]] = asyncio.get_running_loop().create_future()
        if not self._asked:
            self._round = asyncio.create_task(self._read_round(self._round))
            self._round.add_done_callback(partial(_tell, self._asked))
        self._asked.append((keys, answer))
        return await answer

    async def _read_round(self, before: asyncio.Task[list[bytes | None]] | None) -> list[bytes | None]:
        if before is not None and not before.done():
            await asyncio.wait([before])
        await asyncio.sleep(0)  # until then others may join
        asked, self._asked = self._asked, []
        return await self._read([key for keys, _ in asked for key in keys])


def _tell(asked: Sequence[Asked], reading: asyncio.Task[list[bytes | None]]) -> None:
    """Tell all who asked, in one turn of the event loop: so they go on, and ask again, together."""
    error = None if reading.cancelled() else reading.exception()
    found = iter(() if reading.cancelled() or error else reading.result())
    for keys, answer in asked:
        values = list(islice(found, len(keys)))
        if answer.done():  # whoever asked has been cancelled
            continue
        if reading.cancelled():
            answer.cancel()
        elif error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(values)
