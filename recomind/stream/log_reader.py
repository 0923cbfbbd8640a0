"""Reading topics to their end: tables' changelogs, and the logs that state is recomputed from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from mode.utils.logging import get_logger

from recomind.errors import IncompleteLogError, UnavailableError
from recomind.model.applied_offsets import Origins, covers

logger = get_logger(__name__)

STOP_WITHIN: Final = 0.5
"""Seconds for which a reader waits for its consumer to disconnect."""

_stopping: set[asyncio.Task[None]] = set()


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What every value begins with."""

    origins: Origins = {}


KEPT = msgspec.msgpack.Decoder(Kept)


async def restore(
    kafka: Mapping[str, Any],
    topic: str,
    partitions: Iterable[int],
    on_stale: Callable[[int, str], None] = lambda *_: None,
) -> dict[int, dict[str, bytes]]:
    """A table's values by partition and key, as its changelog keeps them, still encoded.

    A worker that lost its partitions without knowing may write behind the new owner; such a value is left out, and
    `on_stale` told of its partition and key: once Kafka has compacted the topic, only the stale one would be there.
    """
    found: dict[int, dict[str, bytes]] = {partition: {} for partition in partitions}
    async for partition, records in read_to_end(kafka, topic, found):
        values = found[partition]
        for record in records:
            key = record.key.decode()
            if record.value is None:
                values.pop(key, None)
            elif key not in values or is_newer(record.value, values[key]):
                values[key] = record.value
            else:
                logger.warning("%s: a stale write for %r was left out", topic, key)
                on_stale(partition, key)
    return found


def is_newer(value: bytes, known: bytes) -> bool:
    """Whether a changelog value has applied all that an earlier one has."""
    return covers(KEPT.decode(value).origins, KEPT.decode(known).origins)


async def read_to_end(
    kafka: Mapping[str, Any],
    topic: str,
    partitions: Iterable[int],
    *,
    until: Mapping[int, int] | None = None,
    since: float | None = None,
) -> AsyncIterator[tuple[int, Sequence[ConsumerRecord]]]:
    """The records of a topic's partitions as they stand now: (partition, records), each in its order.

    Args:
        kafka: how Kafka is reached, see `connecting`.
        topic: which topic.
        partitions: which of its partitions.
        until: offsets to stop before; by default the ends as of now.
        since: only records that the log took then, in epoch seconds, or later.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    tps = [TopicPartition(topic, partition) for partition in sorted(partitions)]
    async with _consumer(kafka, tps) as consumer:
        starts = await consumer.beginning_offsets(tps) if since is None else await _offsets_at(consumer, tps, since)
        ends = {tp: until[tp.partition] for tp in tps} if until is not None else await consumer.end_offsets(tps)
        for tp, start in starts.items():
            consumer.seek(tp, start)
        left = {tp for tp in tps if starts[tp] < ends[tp]}
        while left:
            for tp, records in (await consumer.getmany(*left, timeout_ms=200)).items():
                yield tp.partition, [record for record in records if record.offset < ends[tp]]
            left = {tp for tp in left if await consumer.position(tp) < ends[tp]}


class Rereading:
    """A partition's log, read again from its beginning, in as many pieces as one likes."""

    def __init__(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        self._consumer = consumer
        self._tp = tp

    async def records(self, until: int | None = None) -> AsyncIterator[ConsumerRecord]:
        """The next records, up to an offset and perhaps beyond it; by default up to the end as of now."""
        end = until if until is not None else (await self._consumer.end_offsets([self._tp]))[self._tp]
        while await self._consumer.position(self._tp) < end:
            for records in (await self._consumer.getmany(self._tp, timeout_ms=200)).values():
                for record in records:
                    yield record


@asynccontextmanager
async def reread(kafka: Mapping[str, Any], topic: str, partition: int) -> AsyncIterator[Rereading]:
    """A partition's log, which must be there from its first record on.

    Raises:
        UnavailableError: Kafka does not answer.
        IncompleteLogError: retention has removed the beginning.
    """
    tp = TopicPartition(topic, partition)
    async with _consumer(kafka, [tp]) as consumer:
        start = (await consumer.beginning_offsets([tp]))[tp]
        if start:
            raise IncompleteLogError(f"{topic}, partition {partition}, begins at {start}: what was before is lost")
        yield Rereading(consumer, tp)


async def _offsets_at(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition], since: float
) -> dict[TopicPartition, int]:
    """The offsets of the first records of a time or later; the ends where there are none."""
    found = await consumer.offsets_for_times(dict.fromkeys(tps, int(since * 1000)))
    ends = await consumer.end_offsets(tps)
    return {tp: ends[tp] if found[tp] is None else found[tp].offset for tp in tps}


async def end_offsets(kafka: Mapping[str, Any], topic: str, partitions: int) -> dict[int, int]:
    """The offsets that the next records of a topic's partitions will get."""
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    async with _consumer(kafka, tps) as consumer:
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}


@asynccontextmanager
async def _consumer(kafka: Mapping[str, Any], tps: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **kafka,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=50,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        consumer.assign(tps)
        yield consumer
    except KafkaError as error:
        raise UnavailableError("Kafka", error) from error
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Disconnect, in the background where that takes long: over TLS, a fetch under way delays it by half a minute."""
    stopping = asyncio.create_task(consumer.stop())
    _stopping.add(stopping)
    stopping.add_done_callback(_stopping.discard)
    await asyncio.wait({stopping}, timeout=STOP_WITHIN)
