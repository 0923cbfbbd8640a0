"""Follows the topic `video_catalogue`, so that this worker applies a change of the catalogue within milliseconds.

Every worker reads all partitions, outside the consumer group. A worker that starts goes to the end of the topic and
then reads the catalogue from PostgreSQL, where each change is stored before it is sent. A worker that was cut off
continues at its position: the topic is compacted, so the latest change of each video is there.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from mode.utils.logging import get_logger

from recomind.errors import UnreadableError
from recomind.model.catalogue_changes import CatalogueChange, decode_change
from recomind.model.ids import Partition, all_partitions
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.encoding import check_record, place_of
from recomind.stream.kafka_errors import translation

logger = get_logger(__name__)

POLL_TIMEOUT_MS: Final = 500
"""How long one poll waits for records."""

RETRY_DELAY_S: Final = 0.5


class CatalogueStream:
    """Applies the changes of the topic."""

    def __init__(self, settings: Settings, apply: Callable[[CatalogueChange], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            apply: called with each change, in the order of its partition.
        """
        self.positions: dict[Partition, int] = {}
        """Partition to the offset before which every change is applied; empty before `start`."""
        self.advanced = asyncio.Event()
        """Set when positions have changed."""
        self._settings = settings
        self._apply = apply
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Connect, and go to the current end.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        options: dict[str, Any] = {**client_options(self._settings), "fetch_max_wait_ms": 100}
        consumer = AIOKafkaConsumer(**options, auto_offset_reset="earliest", isolation_level="read_committed")
        tps = [TopicPartition(topics.CATALOGUE, partition) for partition in all_partitions(self._settings.partitions)]
        with translation():
            await consumer.start()
            self._consumer = consumer
            consumer.assign(tps)
            for tp, end in (await consumer.end_offsets(tps)).items():
                consumer.seek(tp, end)
                self.positions[tp.partition] = end

    async def run(self) -> None:
        """Apply changes as they come, until the task is cancelled."""
        try:
            while self._consumer is not None:
                try:
                    await self._apply_next(self._consumer)
                except KafkaError as error:
                    logger.warning("changes of the catalogue cannot be read from Kafka: %r", error)
                    await asyncio.sleep(RETRY_DELAY_S)
        finally:
            if self._consumer is not None:
                await self._consumer.stop()

    async def _apply_next(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_TIMEOUT_MS)).items():
            for record in records:
                change = readable_change(record)
                if change is not None:
                    self._apply(change)
            self.positions[tp.partition] = await consumer.position(tp)
            self.advanced.set()


def readable_change(record: ConsumerRecord) -> CatalogueChange | None:
    """The change that a record holds; None, and a line in the log, if it holds none.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
    """
    try:
        check_record(record)
        return decode_change(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableError) as error:
        logger.warning("%s holds no change of the catalogue: %s", place_of(record), error)
        return None
