"""A table: a value a key, kept in memory and in a compacted changelog, partitioned like the topic that feeds it.

Why not Faust's: `docs/decisions/0002-own-tables.md`. Writes are kept back (Kafka Streams calls it the record cache):
however often a key changes between two commits, it goes to the changelog once, and offsets are committed after
that. Since a value carries the origins it has applied, a crash between the two repeats work without effect.

A partition's values are here only while the partition is ours: they are read back from the changelog when it is
assigned (`recovered`), and dropped when another worker gets it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.applied_offsets import Origins
from recomind.stream.log_reader import KEPT, restore
from recomind.stream.producer import Outgoing, Sender

logger = get_logger(__name__)

PAUSE: Final = 0.5
"""Seconds between attempts to recover."""

Value = TypeVar("Value", bound=Any)


class Table(Generic[Value]):
    """Values of one kind by id."""

    def __init__(self, name: str, kind: type[Value], *, topic: str, kafka: Mapping[str, Any]) -> None:
        self.name = name
        self.topic = topic
        self._kafka = kafka
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._values: dict[int, dict[str, Value | bytes]] = {}
        self._changed: dict[int, set[str]] = {}
        self._recovery: dict[int, asyncio.Task[None]] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self.applied: dict[int, int] = {}
        """Partition to the offset up to which its log has been applied here, at least."""

    def get(self, partition: int, key: str) -> Value | None:
        """The value of a key, decoded when it is first asked for."""
        values = self._values[partition]
        value = values.get(key)
        if isinstance(value, bytes):
            value = values[key] = self._decode(value)
        return value

    def __getitem__(self, place: tuple[int, str]) -> Value:
        """The value of a key that is there, by partition and key."""
        value = self.get(*place)
        if value is None:
            raise KeyError(place)
        return value

    def put(self, partition: int, key: str, value: Value) -> None:
        """Set the value of a key; it goes to the changelog with the next `flush`."""
        self._values[partition][key] = value
        self._changed.setdefault(partition, set()).add(key)

    def items(self, partition: int) -> Iterator[tuple[str, Value]]:
        """All keys and values of a partition."""
        for key in list(self._values[partition]):
            value = self.get(partition, key)
            if value is not None:
                yield key, value

    def origins(self, partition: int) -> Iterator[tuple[str, Origins]]:
        """All keys of a partition, and what their values have applied; the values need not be decoded for it."""
        for key, value in list(self._values[partition].items()):
            yield key, (KEPT.decode(value) if isinstance(value, bytes) else value).origins

    @property
    def partitions(self) -> list[int]:
        """The partitions that are here, recovered."""
        return sorted(self._values)

    @property
    def is_recovered(self) -> bool:
        """Whether all assigned partitions are here; one that is being recovered is not."""
        return self._recovery.keys() == self._values.keys()

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def turn(self, partition: int) -> asyncio.Lock:
        """Held by whoever changes the values of a partition; free, it is had without waiting."""
        return self._turns.setdefault(partition, asyncio.Lock())

    def tenure(self, partition: int) -> object:
        """What stays the same for as long as a partition is here without a break; None where it is not."""
        return self._recovery.get(partition)

    async def recovered(self, partition: int) -> None:
        """Return when the partition is here."""
        await asyncio.shield(self._recovery[partition])

    def assign(self, partitions: set[int], *, keep: bool) -> None:
        """Take on partitions and drop all others.

        Args:
            partitions: all that are ours from now on.
            keep: whether partitions that were ours may stay as they are, since nobody else had them in between.
        """
        stay = partitions & self._values.keys() if keep else set()
        for partition in (self._recovery.keys() | self._values.keys()) - stay:
            self._drop(partition)
        missing = partitions - stay
        if missing:
            task = asyncio.create_task(self._recover(missing), name=f"recover {self.name} {sorted(missing)}")
            self._recovery.update(dict.fromkeys(missing, task))

    async def flush(self, sender: Sender) -> None:
        """Send what changed to the changelog; return once it is acknowledged.

        Raises:
            UnavailableError: Kafka did not acknowledge it; nothing is lost, the next flush sends it again.
        """
        for partition in list(self._changed):
            keys = self._changed.pop(partition)
            values = self._values.get(partition, {})
            records = [Outgoing(key.encode(), self._encoded(values[key])) for key in keys if key in values]
            try:
                await sender.send_all(self.topic, partition, records)
            except BaseException:
                self._changed.setdefault(partition, set()).update(keys)
                raise

    def _encoded(self, value: Value | bytes) -> bytes:
        return value if isinstance(value, bytes) else self._encode(value)

    def _drop(self, partition: int) -> None:
        self._values.pop(partition, None)
        self._changed.pop(partition, None)
        self._turns.pop(partition, None)
        self.applied.pop(partition, None)
        task = self._recovery.pop(partition, None)
        if task is not None:
            task.cancel()

    async def _recover(self, partitions: set[int]) -> None:
        stale: list[tuple[int, str]] = []
        found = await self._restored(partitions, lambda *place: stale.append(place))
        self._values.update({partition: {**values} for partition, values in found.items()})
        for partition, key in stale:
            self._changed.setdefault(partition, set()).add(key)  # the right value goes out again, as the last one

    async def _restored(
        self, partitions: set[int], on_stale: Callable[[int, str], None]
    ) -> dict[int, dict[str, bytes]]:
        """What the changelog keeps, however long Kafka is away: a partition without records has nobody else to ask."""
        while True:
            try:
                return await restore(self._kafka, self.topic, partitions, on_stale)
            except UnavailableError as error:
                logger.warning("recovery of %s waits: %s", self.name, error)
                await asyncio.sleep(PAUSE)
