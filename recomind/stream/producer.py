"""Sending that is never silent: every record is acknowledged by Kafka or raises.

Records for one partition travel in Kafka batches that are built here, without a future a record.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import Breaker

ACKNOWLEDGED_WITHIN: Final = 2.0
"""Seconds Kafka may take to acknowledge what a client waits for, before it is told to try again."""

WRITING: Final = 20_000
"""Most records of clients that wait to be acknowledged: what they may take of memory while Kafka is slow or away."""

Headers = tuple[tuple[str, bytes], ...]


class Outgoing(NamedTuple):
    """A record to send."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Sender:
    """A producer of acknowledged records. `start` and `stop` belong to the worker."""

    def __init__(self, kafka: Mapping[str, Any], check: Callable[[], None] = lambda: None) -> None:
        """Make one.

        Args:
            kafka: how Kafka is reached, see `connecting`.
            check: called before each batch of `send_all`; raises if this process may not write any more.
        """
        self._check = check
        self._options = {"acks": "all", "compression_type": "snappy", **kafka}
        self._producer: AIOKafkaProducer | None = None
        self._border = Breaker("Kafka", (KafkaError, TimeoutError))
        self._writing = 0

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
            UnavailableError: Kafka did not acknowledge them in time, or too many wait already. They may have been
                taken all the same.
        """
        given = list(records)
        if self._writing + len(given) > WRITING:
            raise UnavailableError("Kafka", RuntimeError(f"{self._writing} records wait to be taken"))
        self._writing += len(given)
        try:
            with self._border:
                async with asyncio.timeout(ACKNOWLEDGED_WITHIN):
                    return await self._written(topic, partition, given)
        finally:
            self._writing -= len(given)

    async def _written(self, topic: str, partition: int, records: Iterable[Outgoing]) -> list[int]:
        client = self._client
        pending = [
            await client.send(topic, one.value, one.key, partition, headers=list(one.headers)) for one in records
        ]
        return [sent.offset for sent in await asyncio.gather(*pending)]

    async def send_all(self, topic: str, partition: int, records: Iterable[Outgoing]) -> None:
        """Send records to a partition in their order; return once all are acknowledged.

        A batch waits for the one before it, so that none arrives without those before it: readers take
        an origin that is behind another for one they have applied.

        Raises:
            UnavailableError: Kafka did not acknowledge them in time.
        """
        try:
            for batch in self._pack(records):
                self._check()
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
