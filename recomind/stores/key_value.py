"""Bytes by key, messages to whoever listens, and logs: kept by Redis (`redis_values`), or in memory (`memory`)."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Final, Protocol

from recomind.stores.fencing import Fence

MOST: Final = 1_000
"""Most keys written by one command: some milliseconds of Redis's time."""

Guard = tuple[str, bytes | None]
"""A key and the value it is expected to have; None: it is not there."""

Lasting = tuple[bytes, int]
"""A value, and for how many seconds it is kept."""

Message = tuple[str, bytes]
"""A channel, and what is sent to those who listen to it."""


class Values(Protocol):
    """Bytes by key, some of which vanish after a time."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys, None where there is none."""

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values, which vanish after `ttl` seconds; None: never.

        Raises:
            OutdatedError: a later generation than that of the fence has written.
        """

    async def set_and_tell(self, values: Mapping[str, Lasting], message: Message, fence: Fence | None = None) -> None:
        """Set values, each for a time of its own, and send a message, in one step.

        Raises:
            OutdatedError: a later generation than that of the fence has written.
        """

    async def set_new(self, values: Mapping[str, bytes], ttl: int, guard: Guard) -> bool:
        """Set values for `ttl` seconds if the first is not there and the guard is as it was; whether that was so.

        In one step.
        """

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Remove keys.

        Raises:
            OutdatedError: a later generation than that of the fence has written.
        """

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to those who listen to the channel now."""

    def listen(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """The messages of a channel, from now on; first of all a None once listening has begun."""

    async def append(self, log: str, message: bytes, keep: int, fence: Fence | None = None) -> None:
        """Add an entry to a log, whose entries vanish some time after `keep` seconds.

        Raises:
            OutdatedError: a later generation than that of the fence has written.
        """

    async def end_of(self, log: str) -> str:
        """The place in a log after which nothing has been added yet."""

    async def read_log(self, log: str, after: str) -> tuple[str, list[bytes]]:
        """Entries of a log after a place, none once all are read; and the place after them."""

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key if the key has one; whether it had."""

    async def run(self) -> bytes:
        """What names the server's run: another one may hold older values, or none."""

    def keys_under(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix, each at least once."""

    async def close(self) -> None:
        """Disconnect."""
