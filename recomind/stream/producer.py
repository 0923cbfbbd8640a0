"""A Kafka producer that never loses a record silently: each one is acknowledged by Kafka, or an error is raised.

Kafka's batches are built here, so that no future is created for each record.

An aiokafka producer has one request at a time on its way to a broker. So there are several of them: who posts an action
does not wait for what the agents write, nor for the request of another who posts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
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

UNORDERED_PRODUCERS: Final = 3
"""Producers of `send`, and so its requests on their way to a broker at a time. Further calls share the next ones."""

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


class UnorderedProducer:
    """One of the producers of records that need no order."""

    def __init__(self, client: AIOKafkaProducer, append: "Append") -> None:
        """Take over a client.

        Args:
            client: connected.
            append: appends records to a partition of a topic with a client.
        """
        self.client = client
        self.appends = AppendCoalescer[ProducerRecord, SentRecord](partial(append, client))
        self.calls = 0
        """Calls that wait for it."""


Append = Callable[[AIOKafkaProducer, str, Partition, Sequence[ProducerRecord]], Awaitable[Sequence[SentRecord]]]


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
        self._unordered: list[UnorderedProducer] = []
        """Those of `send`."""
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
        clients = [AIOKafkaProducer(**self._options, linger_ms=0, **sizes) for _ in range(UNORDERED_PRODUCERS)]
        self._unordered = [UnorderedProducer(client, self._append) for client in clients]
        with translation():
            for one in (self._producer, *clients):
                await one.start()

    async def stop(self) -> None:
        """Send buffered records, then disconnect."""
        for one in (self._producer, *(other.client for other in self._unordered)):
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
        """Send records to one partition, as `send_all`."""
        return (await self.send_all(topic, {partition: list(records)}))[partition]

    async def send_all(
        self, topic: str, records: Mapping[Partition, Sequence[ProducerRecord]]
    ) -> dict[Partition, list[SentRecord]]:
        """Send records that need no order among themselves; return once all are acknowledged.

        Args:
            topic: which topic.
            records: partition to its records.

        Returns:
            Partition to what became of each of its records.

        Raises:
            UnavailableError: Kafka did not acknowledge them within `ACK_TIMEOUT_S`, though it may still have stored
                them; or too many records are in flight.
            RefusedError: Kafka refuses them.
        """
        count = sum(map(len, records.values()))
        if self._unacknowledged + count > MAX_UNACKNOWLEDGED_RECORDS:
            raise UnavailableError("Kafka", RuntimeError(f"{self._unacknowledged} records are not acknowledged yet"))
        self._unacknowledged += count
        try:
            with self._breaker:
                async with asyncio.timeout(ACK_TIMEOUT_S):
                    return await self._send_joined(topic, records)
        finally:
            self._unacknowledged -= count

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
        self, topic: str, records: Mapping[Partition, Sequence[ProducerRecord]]
    ) -> dict[Partition, list[SentRecord]]:
        if not self._unordered:
            raise _not_started()
        chosen = min(self._unordered, key=lambda one: one.calls)
        chosen.calls += 1
        try:
            appends = (chosen.appends.append(topic, partition, some) for partition, some in records.items())
            sent = await asyncio.gather(*appends)
        except KafkaError as error:
            refused = translated(error)
            if isinstance(refused, RefusedError):  # the server answers: the circuit breaker stays closed
                raise refused from error
            raise
        finally:
            chosen.calls -= 1
        return {partition: list(some) for partition, some in zip(records, sent, strict=True)}

    async def _append(
        self, client: AIOKafkaProducer, topic: str, partition: Partition, records: Sequence[ProducerRecord]
    ) -> list[SentRecord]:
        """Append records, in batches that are halved until they fit; raises errors of aiokafka."""
        sent: list[SentRecord] = []
        for batch, packed in self._packed(client, records):
            try:
                first = await (await client.send_batch(batch, topic, partition=partition))
            except MessageSizeTooLargeError as error:
                if len(packed) == 1:
                    raise _too_large(topic, packed[0]) from error
                sent += [one for half in _halves(packed) for one in await self._append(client, topic, partition, half)]
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
        raise _not_started()
    return client


def _not_started() -> UnavailableError:
    return UnavailableError("Kafka", RuntimeError("the producer has not been started"))


def _halves(records: Sequence[ProducerRecord]) -> tuple[Sequence[ProducerRecord], Sequence[ProducerRecord]]:
    middle = len(records) // 2
    return records[:middle], records[middle:]


def _too_large(topic: str, record: ProducerRecord) -> MessageSizeTooLargeError:
    return MessageSizeTooLargeError(f"a record of {len(record.value or b'')} bytes for the topic {topic}")


def _append(batch: Any, record: ProducerRecord) -> bool:
    """Append a record to a Kafka batch; False where it does not fit."""
    appended = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    return appended is not None
