"""Sending that is never silent: every record is acknowledged by Kafka or raises.

Records for one partition travel in Kafka batches that are built here, without a future a record.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError

Headers = tuple[tuple[str, bytes], ...]


class Outgoing(NamedTuple):
    """A record to send."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Sender:
    """A producer of acknowledged records. `start` and `stop` belong to the worker."""

    def __init__(self, kafka: Mapping[str, Any]) -> None:
        self._options = {"acks": "all", "compression_type": "lz4", **kafka}
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            **self._options, linger_ms=2, max_batch_size=512 * 1024, max_request_size=2 * 1024 * 1024
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def write(self, topic: str, partition: int, records: Iterable[Outgoing]) -> list[int]:
        """Send records of independent senders; their offsets once all are acknowledged.

        Raises:
            UnavailableError: Kafka did not acknowledge them in time.
        """
        client = self._client
        try:
            pending = [
                await client.send(topic, one.value, one.key, partition, headers=list(one.headers)) for one in records
            ]
            return [sent.offset for sent in await asyncio.gather(*pending)]
        except KafkaError as error:
            raise UnavailableError("Kafka", error) from error

    async def send_all(self, topic: str, partition: int, records: Iterable[Outgoing]) -> None:
        """Send records to a partition in their order; return once all are acknowledged.

        A batch waits for the one before it, so that none arrives without those before it: readers take
        an origin that is behind another for one they have applied.

        Raises:
            UnavailableError: Kafka did not acknowledge them in time.
        """
        try:
            for batch in self._pack(records):
                await (await self._client.send_batch(batch, topic, partition=partition))
        except KafkaError as error:
            raise UnavailableError("Kafka", error) from error

    @property
    def _client(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise UnavailableError("Kafka", RuntimeError("the sender has not been started"))
        return self._producer

    def _pack(self, records: Iterable[Outgoing]) -> Iterable[Any]:
        batch = self._client.create_batch()
        for record in records:
            if not _appended(batch, record):
                batch.close()
                yield batch
                batch = self._client.create_batch()
                if not _appended(batch, record):
                    raise KafkaError(f"a record of {len(record.value or b'')} bytes does not fit into a batch")
        if batch.record_count():
            batch.close()
            yield batch


def _appended(batch: Any, record: Outgoing) -> bool:
    done = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    return done is not None
