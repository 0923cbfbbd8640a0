"""Tables: values by key, in memory and in a compacted changelog topic, partitioned like the topic they are folded from.

Why not Faust's: `docs/decisions/0002`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError, UnreadableError
from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.ids import Partition
from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.log_reader import decode_applied_offsets, restore
from recomind.stream.producer import Producer, ProducerRecord

logger = get_logger(__name__)

RETRY_DELAY_S: Final = 0.5
"""Pause between attempts to restore while Kafka does not answer."""

Value = TypeVar("Value", bound=Any)


async def _ignore(_: BaseException) -> None:
    """The default of `on_error`: only who awaits `recovered` sees the error."""


class Table(Generic[Value]):
    """A table of values of one type by key, declared by `app.Table(name, value_type=...)`.

    Like `faust.Table`, it keeps the values of the assigned partitions in memory and backs them by a changelog topic.
    It differs in four points:

    - Keys are addressed by partition: `get(partition, key)`, `put(partition, key, value)`, `items(partition)`. A
      partition that moves to another worker is dropped from memory, and restored from the changelog when it returns.
    - Changelog writes are batched: `put` only marks the key as changed, and `flush`, which runs before every commit of
      offsets, writes the latest value of each changed key once and waits for acknowledgement. Kafka Streams calls this
      the record cache.
    - Values are absolute, never deltas, and immutable: `put` replaces the whole value.
    - Each value holds its applied offsets in its first field, `applied_offsets`. Records that are delivered again after
      a crash change nothing, and a restore recognises stale writes of a worker that had lost the partition.
    """

    def __init__(
        self,
        name: str,
        value_type: type[Value],
        *,
        topic: str,
        kafka: Mapping[str, Any],
        on_error: Callable[[BaseException], Awaitable[None]] = _ignore,
        on_unreadable: Callable[[UnreadableError], None] = logger.error,
        flushed_after: "Sequence[Table[Any]]" = (),
    ) -> None:
        """Create an empty table without partitions.

        Args:
            name: its name in metrics and log lines.
            value_type: a msgspec struct, `array_like`, whose first field is `applied_offsets`.
            topic: the changelog topic.
            kafka: client options, see `recomind.stream.connection`.
            on_error: called with the error of a restore that cannot succeed, such as `NewerEncodingError`.
            on_unreadable: called for each record of the changelog that holds no value, and is skipped.
            flushed_after: tables whose values this one refers to. No changelog record of this table precedes those
                of the other tables' values that were put before it.
        """
        self.name = name
        self.topic = topic
        self._kafka = kafka
        self._on_error = on_error
        self._on_unreadable = on_unreadable
        self._flushed_after = flushed_after
        self._decode = msgspec.msgpack.Decoder(value_type).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._values: dict[Partition, dict[str, Value | bytes]] = {}
        self._changed: dict[Partition, set[str]] = {}
        self._recovery: dict[Partition, asyncio.Task[None]] = {}
        self._locks: dict[Partition, asyncio.Lock] = {}
        self.applied_until: dict[Partition, int] = {}
        """Partition to the offset before which all records of the source topic have been applied; may lag."""

    def get(self, partition: Partition, key: str) -> Value | None:
        """The value of a key, decoded at its first use; None where there is none."""
        values = self._values[partition]
        value = values.get(key)
        if isinstance(value, bytes):
            try:
                value = values[key] = self._decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:  # it has our header, and a first field like ours
                self._on_unreadable(UnreadableError(f"table {self.name}, key {key!r}", error))
                del values[key]
                return None
        return value

    def __getitem__(self, partition_and_key: tuple[Partition, str]) -> Value:
        """The value of an existing key: `table[partition, key]`."""
        value = self.get(*partition_and_key)
        if value is None:
            raise KeyError(partition_and_key)
        return value

    def put(self, partition: Partition, key: str, value: Value) -> None:
        """Set the value of a key; the next `flush` writes it to the changelog."""
        self._values[partition][key] = value
        self._changed.setdefault(partition, set()).add(key)

    def delete(self, partition: Partition, key: str) -> None:
        """Delete a key; the next `flush` writes a tombstone to the changelog, even if there is no value."""
        self._values[partition].pop(key, None)
        self._changed.setdefault(partition, set()).add(key)

    def keys(self, partition: Partition) -> list[str]:
        """All keys of a partition; none if it is not in memory."""
        return list(self._values.get(partition, ()))

    def items(self, partition: Partition) -> Iterator[tuple[str, Value]]:
        """All keys and values of a partition."""
        for key in list(self._values[partition]):
            value = self.get(partition, key)
            if value is not None:
                yield key, value

    def applied_offsets(self, partition: Partition) -> Iterator[tuple[str, AppliedOffsets]]:
        """All keys of a partition and the applied offsets of their values, without decoding the values."""
        for key, value in list(self._values[partition].items()):
            yield key, decode_applied_offsets(value) if isinstance(value, bytes) else value.applied_offsets

    @property
    def partitions(self) -> list[Partition]:
        """The partitions that are in memory."""
        return sorted(self._values)

    @property
    def is_recovered(self) -> bool:
        """Whether all assigned partitions are in memory."""
        return self._recovery.keys() == self._values.keys()

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def lock(self, partition: Partition) -> asyncio.Lock:
        """The write lock of a partition; acquiring it does not yield to other tasks while nobody holds it."""
        return self._locks.setdefault(partition, asyncio.Lock())

    def assignment(self, partition: Partition) -> object:
        """A token of the partition's current assignment: another object after each reassignment; None if not ours."""
        return self._recovery.get(partition)

    async def recovered(self, partition: Partition) -> None:
        """Wait until the partition is in memory.

        Raises:
            NewerEncodingError: its changelog was written by a newer RecoMind.
        """
        await asyncio.shield(self._recovery[partition])

    def assign(self, partitions: set[Partition], *, retain: bool) -> None:
        """Start to restore newly assigned partitions, and drop those that are no longer ours.

        Args:
            partitions: all partitions that are ours from now on.
            retain: whether partitions already in memory are up to date, since no other worker had them in between.
        """
        retained = partitions & self._values.keys() if retain else set()
        for partition in (self._recovery.keys() | self._values.keys()) - retained:
            self._drop(partition)
        missing = partitions - retained
        if missing:
            task = asyncio.create_task(self._recover(missing), name=f"recover {self.name} {sorted(missing)}")
            self._recovery.update(dict.fromkeys(missing, task))

    async def flush(self, producer: Producer) -> None:
        """Write the changed values to the changelog, and wait until Kafka has acknowledged them.

        Raises:
            UnavailableError: Kafka did not acknowledge them; the next flush writes them again.
        """
        for partition in list(self._changed):
            await self._flush_partition(producer, partition)

    async def _flush_partition(self, producer: Producer, partition: Partition) -> None:
        keys = self._changed.pop(partition, set())
        if not keys or partition not in self._values:
            return
        values = self._values[partition]
        records = [self._record(key, values.get(key)) for key in keys]
        try:
            for table in self._flushed_after:  # with what was put since its own flush; these records are older
                await table._flush_partition(producer, partition)
            await producer.send_in_order(self.topic, partition, records)
        except BaseException:
            self._changed.setdefault(partition, set()).update(keys)
            raise

    def _record(self, key: str, value: Value | bytes | None) -> ProducerRecord:
        encoded = value if value is None or isinstance(value, bytes) else self._encode(value)
        return ProducerRecord(key.encode(), encoded, VERSION_HEADERS)

    def _drop(self, partition: Partition) -> None:
        self._values.pop(partition, None)
        self._changed.pop(partition, None)
        self._locks.pop(partition, None)
        self.applied_until.pop(partition, None)
        task = self._recovery.pop(partition, None)
        if task is not None:
            task.cancel()

    async def _recover(self, partitions: set[Partition]) -> None:
        stale: list[tuple[Partition, str]] = []
        try:
            restored = await self._restore(partitions, lambda *place: stale.append(place))
        except Exception as error:
            await self._on_error(error)
            raise
        self._values.update({partition: {**values} for partition, values in restored.items()})
        for partition, key in stale:
            self._changed.setdefault(partition, set()).add(key)  # written again: compaction keeps the last value

    async def _restore(
        self, partitions: set[Partition], on_stale: Callable[[Partition, str], None]
    ) -> dict[Partition, dict[str, bytes]]:
        """The values in the changelog; retries until Kafka answers, as nothing else has them."""
        while True:
            try:
                return await restore(
                    self._kafka,
                    self.topic,
                    partitions,
                    on_stale,
                    decode=self._decode,
                    on_unreadable=self._on_unreadable,
                )
            except UnavailableError as error:
                logger.warning("the restore of table %s waits: %s", self.name, error)
                await asyncio.sleep(RETRY_DELAY_S)
