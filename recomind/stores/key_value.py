"""The key-value store that the read model needs: Redis (`redis_store`) or memory (`memory_store`)."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Final, Protocol

from recomind.stores.fencing import Fence

MAX_KEYS_PER_COMMAND: Final = 1_000
"""Most keys written by one command; it keeps Redis busy for some milliseconds."""

Precondition = tuple[str, bytes | None]
"""A key and the value that it must have; None: the key must be absent."""

ValueWithTtl = tuple[bytes, int]
"""A value and its TTL in seconds."""

ChannelMessage = tuple[str, bytes]
"""A pub/sub channel and a message."""


class KeyValueStore(Protocol):
    """Bytes by key with optional TTLs, pub/sub channels, and append-only streams.

    Methods that take a fence raise `OutdatedError` if a later generation of its group has written.
    All methods raise `UnavailableError` if the server does not answer.
    """

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys in the same order, None for absent ones."""

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None, fence: Fence | None = None) -> None:
        """Set values that expire after `ttl` seconds; None: never."""

    async def set_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, fence: Fence | None = None
    ) -> None:
        """Set values, each with its own TTL, and publish a message, in one step."""

    async def set_if_absent(self, values: Mapping[str, bytes], ttl: int | None, precondition: Precondition) -> bool:
        """Set values if the first key is absent and the precondition holds, in one step.

        Args:
            values: the values.
            ttl: seconds after which they expire; None: never.
            precondition: a key and its expected value.

        Returns:
            Whether the values were set.
        """

    async def set_if_absent_and_publish(
        self, values: Mapping[str, ValueWithTtl], message: ChannelMessage, preconditions: Mapping[str, bytes | None]
    ) -> bool:
        """Set values, each with its own TTL, and publish a message, if the first key is absent, in one step.

        Args:
            values: the values.
            message: published if they were set.
            preconditions: keys and the values that they must have; None: the key must be absent.

        Returns:
            Whether the values were set.
        """

    async def delete(self, keys: Sequence[str], fence: Fence | None = None) -> None:
        """Delete keys."""

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish a message to the current subscribers of a channel."""

    def subscribe(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """Yield the messages of a channel; a first None signals that the subscription is active."""

    async def append(self, stream: str, message: bytes, retention_s: int, fence: Fence | None = None) -> None:
        """Append a message to a stream; it is trimmed some time after `retention_s` seconds."""

    async def stream_end(self, stream: str) -> str:
        """The id of the last entry of a stream."""

    async def read_stream(self, stream: str, after: str) -> tuple[str, list[bytes]]:
        """Read messages after an entry id.

        Returns:
            The id of the last entry read and the messages; no messages at the end of the stream.
        """

    async def replace(self, key: str, value: bytes) -> bool:
        """Set the value of a key that exists; returns whether it did."""

    async def server_run_id(self) -> bytes:
        """The id of the server's run. Another run may hold older values, or none."""

    async def absent(self, keys: Sequence[str]) -> list[str]:
        """Those of these keys, at most `MAX_KEYS_PER_COMMAND`, that do not exist."""

    async def containing(self, keys: Sequence[str], parts: Sequence[bytes]) -> list[str]:
        """Those of these keys, at most `MAX_KEYS_PER_COMMAND`, whose values contain any of some parts."""

    async def evicted_keys(self) -> int:
        """How many keys this run of the server has deleted to make room for others."""

    async def eviction_policy(self) -> str:
        """What the server does when its memory is full: `noeviction`, or how it chooses keys to delete."""

    def scan_keys(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix, each at least once."""

    async def close(self) -> None:
        """Disconnect."""
