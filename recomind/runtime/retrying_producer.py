"""Sending of records that must not be lost: retried while Kafka is away, and not when it refuses them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.ids import Partition
from recomind.runtime.heartbeat import Heartbeat
from recomind.stream.producer import Producer, ProducerRecord

logger = get_logger(__name__)

RETRY_DELAY_S: Final = 0.5
"""Pause between attempts to send while Kafka is away."""


class RetryingProducer:
    """Sends records until Kafka has acknowledged them."""

    def __init__(self, producer: Producer, heartbeat: Heartbeat, should_stop: Callable[[], bool]) -> None:
        """Create a sender.

        Args:
            producer: sends records.
            heartbeat: records that work waits for Kafka.
            should_stop: whether the worker stops, so that waiting makes no sense.
        """
        self._producer = producer
        self._heartbeat = heartbeat
        self._should_stop = should_stop

    async def send(self, topic: str, records: Mapping[Partition, Sequence[ProducerRecord]]) -> None:
        """Send records to partitions of a topic; return once all are acknowledged.

        Args:
            topic: which topic.
            records: partition to its records.

        Raises:
            TooLargeError: a record is too large for the topic.
            RefusedError: Kafka refuses them, and would refuse them again.
        """
        await asyncio.gather(*(self._send(topic, target, some) for target, some in records.items()))

    async def _send(self, topic: str, partition: Partition, records: Sequence[ProducerRecord]) -> None:
        while True:
            try:
                return await self._producer.send_in_order(topic, partition, records)
            except UnavailableError as error:
                reason = f"records for {topic} wait: {error}"
                logger.warning("%s", reason)
                self._heartbeat.note_outage(reason)
                if self._should_stop():
                    raise
                await asyncio.sleep(RETRY_DELAY_S)
