"""Follows a compacted topic outside the consumer group: every worker reads all partitions, and applies each record.

A worker that was cut off continues at its position: the latest record of each key is still there.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError, UnreadableError
from recomind.model.ids import Partition, all_partitions
from recomind.model.text import InvalidFieldError
from recomind.settings import Settings
from recomind.stream.connection import client_options
from recomind.stream.encoding import check_record, place_of
from recomind.stream.kafka_errors import translation
from recomind.stream.producer import Producer, ProducerRecord
from recomind.stream.record_batches import accept_any_header_names

Content = TypeVar("Content")

logger = get_logger(__name__)

POLL_TIMEOUT_MS: Final = 500
"""How long one poll waits for records."""

POSITION_INTERVAL_S: Final = 0.005
"""Time between two looks at a position."""

RETRY_DELAY_S: Final = 0.5

ONLY_PARTITION: Final = Partition(0)
"""The only partition with records of topics whose records stay in one order, also when partitions are added."""

APPLY_TIMEOUT_S: Final = 5.0
"""Time within which a worker reads back what it has sent."""


class TopicStream:
    """Applies the records of a topic."""

    def __init__(self, settings: Settings, topic: str, apply: Callable[[ConsumerRecord], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            topic: its name.
            apply: called with each record, in the order of its partition.
        """
        self.positions: dict[Partition, int] = {}
        """Partition to the offset before which every record is applied; empty before `start`."""
        self.advanced = asyncio.Event()
        """Set when positions have changed."""
        self._settings = settings
        self._topic = topic
        self._apply = apply
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self, *, from_beginning: bool = False) -> None:
        """Connect, and go to the current end; `from_beginning` applies the records before it, too.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        accept_any_header_names()
        options: dict[str, Any] = {**client_options(self._settings), "fetch_max_wait_ms": 100}
        consumer = AIOKafkaConsumer(**options, auto_offset_reset="earliest", isolation_level="read_committed")
        tps = [TopicPartition(self._topic, partition) for partition in all_partitions(self._settings.partitions)]
        with translation():
            await consumer.start()
            self._consumer = consumer
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            if from_beginning:
                await self._apply_until(consumer, ends)
            for tp, end in ends.items():
                consumer.seek(tp, max(end, self.positions.get(tp.partition, 0)))
                self.positions[tp.partition] = max(end, self.positions.get(tp.partition, 0))

    async def run(self) -> None:
        """Apply records as they come, until the task is cancelled."""
        try:
            while self._consumer is not None:
                try:
                    await self._apply_next(self._consumer)
                except KafkaError as error:
                    logger.warning("changes in the topic %s cannot be read from Kafka: %r", self._topic, error)
                    await asyncio.sleep(RETRY_DELAY_S)
        finally:
            if self._consumer is not None:
                await self._consumer.stop()

    async def send_and_apply(self, producer: Producer, records: Sequence[ProducerRecord], name: str) -> None:
        """Send records to `ONLY_PARTITION`, and return when this worker has applied them.

        Args:
            producer: sends them.
            records: to be sent.
            name: what they hold, for the error.

        Raises:
            UnavailableError: Kafka did not acknowledge them, or they cannot be read.
        """
        acknowledged = await producer.send(self._topic, ONLY_PARTITION, records)
        if not await self.wait_until_applied(ONLY_PARTITION, acknowledged[-1].offset, APPLY_TIMEOUT_S):
            late = TimeoutError(f"the {name} did not come back within {APPLY_TIMEOUT_S:.0f} s")
            raise UnavailableError("Kafka", late)

    async def wait_until_applied(self, partition: Partition, offset: int, timeout_s: float) -> bool:
        """Wait until the record at an offset of a partition has been applied; returns False if it takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.positions.get(partition, 0) <= offset:
                    await asyncio.sleep(POSITION_INTERVAL_S)
        except TimeoutError:
            return False
        return True

    async def _apply_until(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        await consumer.seek_to_beginning(*ends)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            await self._apply_next(consumer)

    async def _apply_next(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_TIMEOUT_MS)).items():
            for record in records:
                self._apply(record)
            self.positions[tp.partition] = await consumer.position(tp)
            self.advanced.set()


def readable(record: ConsumerRecord, decode: Callable[[bytes], Content], name: str) -> Content | None:
    """The content of a record; None, and a line in the log, if it holds none that this version knows.

    Args:
        record: of a topic whose records carry the encoding version.
        decode: decodes the value.
        name: what a record holds, for the log.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
    """
    try:
        check_record(record)
        return decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableError, InvalidFieldError) as error:
        logger.warning("%s holds no %s: %s", place_of(record), name, error)
        return None
