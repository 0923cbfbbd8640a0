"""Readers of whole topics: changelogs of tables, and the logs that state is recomputed from.

They read what is committed: records of an aborted transaction are no records. So the end of a partition is its last
stable offset, and it is reached when the position is there: the offsets before it may be those of transaction markers.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from mode.utils.logging import get_logger

from recomind.errors import IncompleteLogError, UnreadableError
from recomind.model.applied_offsets import AppliedOffsets, dominates
from recomind.model.ids import Partition, all_partitions
from recomind.stream.encoding import VERSION_HEADER, check_record, place_of
from recomind.stream.kafka_errors import translation
from recomind.stream.record_batches import accept_any_header_names

logger = get_logger(__name__)

STOP_TIMEOUT_S: Final = 0.5
"""How long a reader waits for its consumer to disconnect; after that it disconnects in the background."""

_stopping: set[asyncio.Task[None]] = set()


class ValuePrefix(msgspec.Struct, frozen=True, array_like=True):
    """The first field of every table's values."""

    applied_offsets: AppliedOffsets = {}


_prefix_decoder = msgspec.msgpack.Decoder(ValuePrefix)


async def restore(
    kafka: Mapping[str, Any],
    topic: str,
    partitions: Iterable[Partition],
    on_stale: Callable[[Partition, str], None] = lambda *_: None,
    *,
    decode: Callable[[bytes], object] = _prefix_decoder.decode,
    decode_all: bool = False,
    on_unreadable: Callable[[UnreadableError], None] = logger.error,
) -> dict[Partition, dict[str, bytes]]:
    """The values of a changelog by partition and key, still encoded.

    A worker that lost a partition without noticing may write after the new owner has written. Such a stale value is
    skipped, and `on_stale` is called with its partition and key: the caller has to write the right value again, since
    compaction keeps only the last one. The same goes for a record that something else than RecoMind has written.

    Args:
        kafka: client options, see `recomind.stream.connection`.
        topic: the changelog.
        partitions: which of its partitions.
        on_stale: called with partition and key of a write that was skipped, if the key has a value.
        decode: decodes a value. It is tried on values without a version; of the others only the first field is read.
        decode_all: whether it is tried on all values: it takes several times as long.
        on_unreadable: called with the place of each record that is skipped since it holds no value.

    Raises:
        UnavailableError: Kafka does not answer.
        RefusedError: Kafka refuses to be read.
        NewerEncodingError: a newer RecoMind wrote a record, perhaps a tombstone.
    """
    restored: dict[Partition, dict[str, bytes]] = {partition: {} for partition in partitions}
    async for partition, records in read_to_end(kafka, topic, restored):
        values = restored[partition]
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            try:
                check_value(record, decode, decode_all)
            except UnreadableError as error:
                on_unreadable(error)
                if key in values:
                    on_stale(partition, key)
                continue
            if record.value is None:
                values.pop(key, None)
            elif key not in values or is_newer(record.value, values[key]):
                values[key] = record.value
            else:
                logger.warning("%s: skipped a stale write of %r", topic, key)
                on_stale(partition, key)
    return restored


def check_value(record: ConsumerRecord, decode: Callable[[bytes], object], decode_all: bool) -> None:
    """Check that a record of a changelog is one.

    Raises:
        UnreadableError: it is none.
        NewerEncodingError: a newer RecoMind wrote it.
    """
    check_record(record)
    is_trusted = not decode_all and any(name == VERSION_HEADER for name, _ in record.headers or ())
    try:
        (record.key or b"\xff").decode()
        if record.value is not None:
            (_prefix_decoder.decode if is_trusted else decode)(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"{place_of(record)}, key {record.key!r},", error) from error


def decode_applied_offsets(value: bytes) -> AppliedOffsets:
    """The applied offsets of an encoded value; the rest of it is not decoded."""
    return _prefix_decoder.decode(value).applied_offsets


def is_newer(value: bytes, previous: bytes) -> bool:
    """Whether a changelog value has applied everything that the previous one has."""
    return dominates(decode_applied_offsets(value), decode_applied_offsets(previous))


async def read_to_end(
    kafka: Mapping[str, Any],
    topic: str,
    partitions: Iterable[Partition],
    *,
    until: Mapping[Partition, int] | None = None,
    since: float | None = None,
    starts: Mapping[Partition, int] | None = None,
) -> AsyncGenerator[tuple[Partition, Sequence[ConsumerRecord]], None]:
    """The records of a topic's partitions up to their present ends: (partition, records), each in log order.

    Who stops before the end closes it (`contextlib.aclosing`): the consumer disconnects then.

    Args:
        kafka: client options, see `recomind.stream.connection`.
        topic: which topic.
        partitions: which of its partitions.
        until: partition to the offset to stop before; by default its present end.
        since: only records logged at this time, in epoch seconds, or later.
        starts: partition to the offset to start at; by default its first record.

    Raises:
        UnavailableError: Kafka does not answer.
        RefusedError: Kafka refuses to be read.
    """
    tps = [TopicPartition(topic, partition) for partition in sorted(partitions)]
    async with _consumer(kafka, tps) as consumer:
        first = await consumer.beginning_offsets(tps) if since is None else await _offsets_at(consumer, tps, since)
        if starts is not None:
            first = {tp: max(offset, starts[tp.partition]) for tp, offset in first.items()}
        ends = {tp: until[tp.partition] for tp in tps} if until is not None else await consumer.end_offsets(tps)
        for tp, start in first.items():
            consumer.seek(tp, start)
        remaining = {tp for tp in tps if first[tp] < ends[tp]}
        while remaining:
            for tp, records in (await consumer.getmany(*remaining, timeout_ms=200)).items():
                yield tp.partition, [record for record in records if record.offset < ends[tp]]
            remaining = {tp for tp in remaining if await consumer.position(tp) < ends[tp]}


class LogCursor:
    """Reads one partition of a topic from its beginning, in several steps."""

    def __init__(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        self._consumer = consumer
        self._tp = tp

    async def records(self, until: int | None = None) -> AsyncIterator[ConsumerRecord]:
        """The next records up to offset `until`, or some more; by default up to the present end.

        Raises:
            NewerEncodingError: a newer RecoMind wrote a record.
        """
        end = until if until is not None else (await self._consumer.end_offsets([self._tp]))[self._tp]
        while await self._consumer.position(self._tp) < end:
            for records in (await self._consumer.getmany(self._tp, timeout_ms=200)).values():
                for record in records:
                    with suppress(UnreadableError):
                        check_record(record)
                    yield record


@asynccontextmanager
async def open_full_log(kafka: Mapping[str, Any], topic: str, partition: Partition) -> AsyncIterator[LogCursor]:
    """A cursor at the first record of a partition of which no record has been deleted.

    Raises:
        UnavailableError: Kafka does not answer.
        IncompleteLogError: retention has deleted the beginning.
    """
    tp = TopicPartition(topic, partition)
    async with _consumer(kafka, [tp]) as consumer:
        check_start(topic, {partition: (await consumer.beginning_offsets([tp]))[tp]})
        yield LogCursor(consumer, tp)


def check_start(topic: str, starts: Mapping[Partition, int]) -> None:
    """Check that logs are complete.

    Args:
        topic: whose log it is.
        starts: partition to the offset of its first record.

    Raises:
        IncompleteLogError: a partition does not start at offset 0.
    """
    cut = ", ".join(
        f"partition {partition} from offset {start}" for partition, start in sorted(starts.items()) if start
    )
    if cut:
        raise IncompleteLogError(
            f"the log {topic} is incomplete: it holds {cut} on, and earlier records have been deleted. "
            "Set retention.ms and retention.bytes of the topic to -1 to keep the rest"
        )


async def start_offsets(kafka: Mapping[str, Any], topic: str, partitions: int) -> dict[Partition, int]:
    """Partition to the offset of its first record, or of its next one if there is none."""
    tps = [TopicPartition(topic, partition) for partition in all_partitions(partitions)]
    async with _consumer(kafka, tps) as consumer:
        return {Partition(tp.partition): start for tp, start in (await consumer.beginning_offsets(tps)).items()}


async def end_offsets(kafka: Mapping[str, Any], topic: str, partitions: int) -> dict[Partition, int]:
    """Partition to the offset before which every record is committed or aborted."""
    tps = [TopicPartition(topic, partition) for partition in all_partitions(partitions)]
    async with _consumer(kafka, tps) as consumer:
        return {Partition(tp.partition): end for tp, end in (await consumer.end_offsets(tps)).items()}


async def count_records(kafka: Mapping[str, Any], topic: str, bounds: Mapping[Partition, tuple[int, int]]) -> int:
    """How many records there are: fewer than offsets, since transaction markers have offsets, too.

    Args:
        kafka: client options, see `recomind.stream.connection`.
        topic: which topic.
        bounds: partition to the offset of the first record, and to the offset before which to stop.
    """
    if not bounds:
        return 0
    starts = {partition: start for partition, (start, _) in bounds.items()}
    ends = {partition: end for partition, (_, end) in bounds.items()}
    return sum([len(records) async for _, records in read_to_end(kafka, topic, bounds, until=ends, starts=starts)])


async def _offsets_at(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition], since: float
) -> dict[TopicPartition, int]:
    """The offset of the first record logged at a time or later; the end of the partition where there is none."""
    found = await consumer.offsets_for_times(dict.fromkeys(tps, int(since * 1000)))
    ends = await consumer.end_offsets(tps)
    return {tp: ends[tp] if found[tp] is None else found[tp].offset for tp in tps}


@asynccontextmanager
async def _consumer(kafka: Mapping[str, Any], tps: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    accept_any_header_names()
    consumer = AIOKafkaConsumer(
        **kafka,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=50,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        with translation():
            await consumer.start()
            consumer.assign(tps)
            yield consumer
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Disconnect, in the background if it takes long: over TLS, a pending fetch delays it by up to 30 seconds."""
    stopping = asyncio.create_task(consumer.stop())
    _stopping.add(stopping)
    stopping.add_done_callback(_stopping.discard)
    await asyncio.wait({stopping}, timeout=STOP_TIMEOUT_S)
