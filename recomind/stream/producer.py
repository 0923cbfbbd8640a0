"""A Kafka producer that never loses a record silently: each one is acknowledged by Kafka, or an error is raised.

Kafka's batches are built here, so that no future is created for each record.

aiokafka has one request at a time on its way to a broker. So there are two of its producers: who posts an action does
not wait for what the agents write.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from recomind.errors import RefusedError, TooLargeError, UnavailableError
from recomind.errors.circuit_breaker import CircuitBreaker
from recomind.model.ids import Partition
from recomind.stream.append_coalescer import AppendCoalescer
from recomind.stream.kafka_errors import translated, translation
from recomind.stream.log_clock import LogClock

ACK_TIMEOUT_S: Final = 2.0
"""How long `send` waits for acknowledgement: an HTTP client waits with it, and may try again."""

MAX_BATCH_BYTES: Final = 512 * 1024
"""Largest batch of several records: half of what Kafka takes by default."""

MAX_UNACKNOWLEDGED_RECORDS: Final = 20_000
"""Records that calls of `send` may have in flight together; limits their memory while Kafka is slow or away."""

Headers = tuple[tuple[str, bytes], ...]


class ProducerRecord(NamedTuple):
    """A record to send; a `value` of None is a tombstone."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class SentRecord(NamedTuple):
    """A record that Kafka has acknowledged."""

    offset: int
    logged_at: float | None
    """When Kafka appended it, epoch seconds; None if the topic holds the producers' times."""


class Producer:
    """Sends records and waits for their acknowledgement."""

    def __init__(self, kafka: Mapping[str, Any], check: Callable[[], None] = lambda: None) -> None:
        """Create a producer that is not connected yet.

        Args:
            kafka: client options, see `recomind.stream.connection`.
            check: called before each batch of `send_in_order`; raises if this process must not write any more.
        """
        self.clock = LogClock()
        self._check = check
        self._options = {"acks": "all", "compression_type": "snappy", **kafka}
        self._producer: AIOKafkaProducer | None = None
        """That of `send_in_order`."""
        self._sender: AIOKafkaProducer | None = None
        """That of `send`."""
        self._appends = AppendCoalescer(self._append)
        self._breaker = CircuitBreaker("Kafka", (KafkaError, TimeoutError))
        self._unacknowledged = 0

    async def start(self) -> None:
        """Connect.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses the connection.
        """
        sizes = {"max_batch_size": MAX_BATCH_BYTES, "max_request_size": 4 * MAX_BATCH_BYTES}
        self._producer = AIOKafkaProducer(**self._options, linger_ms=2, **sizes)
        self._sender = AIOKafkaProducer(**self._options, linger_ms=0, **sizes)
        with translation():
            await self._producer.start()
            await self._sender.start()

    async def stop(self) -> None:
        """Send buffered records, then disconnect."""
        for one in (self._producer, self._sender):
            if one is not None:
                await one.stop()

    async def ping(self) -> None:
        """Ask Kafka for the metadata of our topics.

        Raises:
            UnavailableError: it did not answer within `ACK_TIMEOUT_S`.
        """
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                has_answered = await self._client.client.force_metadata_update()
        except TimeoutError:
            has_answered = False
        if not has_answered:
            raise UnavailableError("Kafka", TimeoutError(f"nothing came within {ACK_TIMEOUT_S:.0f} s"))

    async def send(self, topic: str, partition: Partition, records: Iterable[ProducerRecord]) -> list[SentRecord]:
        """Send records that need no order among themselves; return once all are acknowledged.

        Raises:
            UnavailableError: Kafka did not acknowledge them within `ACK_TIMEOUT_S`, though it may still have stored
                them; or too many records are in flight.
            RefusedError: Kafka refuses them.
        """
        batch = list(records)
        if self._unacknowledged + len(batch) > MAX_UNACKNOWLEDGED_RECORDS:
            raise UnavailableError("Kafka", RuntimeError(f"{self._unacknowledged} records are not acknowledged yet"))
        self._unacknowledged += len(batch)
        try:
            with self._breaker:
                async with asyncio.timeout(ACK_TIMEOUT_S):
                    return await self._send_joined(topic, partition, batch)
        finally:
            self._unacknowledged -= len(batch)

    async def send_in_order(self, topic: str, partition: Partition, records: Iterable[ProducerRecord]) -> None:
        """Send records to a partition in their order; return once all are acknowledged.

        Each batch is sent after the one before it is acknowledged, so no record is stored before an earlier one.
        Readers rely on it: they take an offset that is below the last one applied for a repetition.

        A batch that is too large for its topic is halved until it fits.

        Raises:
            UnavailableError: Kafka did not acknowledge them.
            TooLargeError: one record alone is too large for the topic; those before it are stored.
            RefusedError: Kafka refuses them for another reason.
        """
        for batch, packed in self._packed(self._client, records):
            await self._send_batch(topic, partition, batch, packed)

    async def _send_batch(
        self, topic: str, partition: Partition, batch: Any, records: Sequence[ProducerRecord]
    ) -> None:
        self._check()
        try:
            with translation():
                self.clock.note(await (await self._client.send_batch(batch, topic, partition=partition)))
        except TooLargeError as error:
            if len(records) == 1:
                raise translated(_too_large(topic, records[0])) from error
            for half in _halves(records):
                for smaller, packed in self._packed(self._client, half):
                    await self._send_batch(topic, partition, smaller, packed)

    @property
    def _client(self) -> AIOKafkaProducer:
        return _started(self._producer)

    async def _send_joined(
        self, topic: str, partition: Partition, records: Sequence[ProducerRecord]
    ) -> list[SentRecord]:
        try:
            return list(await self._appends.append(topic, partition, records))
        except KafkaError as error:
            refused = translated(error)
            if isinstance(refused, RefusedError):  # the server answers: the circuit breaker stays closed
                raise refused from error
            raise

    async def _append(self, topic: str, partition: Partition, records: Sequence[ProducerRecord]) -> list[SentRecord]:
        """Append records, in batches that are halved until they fit; raises errors of aiokafka."""
        sent: list[SentRecord] = []
        for batch, packed in self._packed(_started(self._sender), records):
            try:
                first = await (await _started(self._sender).send_batch(batch, topic, partition=partition))
            except MessageSizeTooLargeError as error:
                if len(packed) == 1:
                    raise _too_large(topic, packed[0]) from error
                sent += [one for half in _halves(packed) for one in await self._append(topic, partition, half)]
                continue
            logged_at = self.clock.note(first)
            sent += [SentRecord(first.offset + number, logged_at) for number in range(len(packed))]
        return sent

    @staticmethod
    def _packed(
        client: AIOKafkaProducer, records: Iterable[ProducerRecord]
    ) -> Iterator[tuple[Any, list[ProducerRecord]]]:
        """Closed Kafka batches, each with its records; the first record of a batch always fits."""
        batch, packed = client.create_batch(), list[ProducerRecord]()
        for record in records:
            if not _append(batch, record):
                batch.close()
                yield batch, packed
                batch, packed = client.create_batch(), []
                _append(batch, record)
            packed.append(record)
        if packed:
            batch.close()
            yield batch, packed


def _started(client: AIOKafkaProducer | None) -> AIOKafkaProducer:
    if client is None:
        raise UnavailableError("Kafka", RuntimeError("the producer has not been started"))
    return client


def _halves(records: Sequence[ProducerRecord]) -> tuple[Sequence[ProducerRecord], Sequence[ProducerRecord]]:
    middle = len(records) // 2
    return records[:middle], records[middle:]


def _too_large(topic: str, record: ProducerRecord) -> MessageSizeTooLargeError:
    return MessageSizeTooLargeError(f"a record of {len(record.value or b'')} bytes for the topic {topic}")


def _append(batch: Any, record: ProducerRecord) -> bool:
    """Append a record to a Kafka batch; False where it does not fit."""
    appended = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    return appended is not None
