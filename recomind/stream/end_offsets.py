"""Asks Kafka where partitions end now, over a connection of its own: a fetch that waits for records holds up others.

Questions are joined: those that come while one is on its way are asked together, by the next one.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from recomind.model.ids import Partition
from recomind.stream.kafka_errors import translation

REQUEST_TIMEOUT_MS: Final = 5_000
"""How long Kafka may take to answer."""


class EndOffsets:
    """The ends of a topic's partitions."""

    def __init__(self, kafka: Mapping[str, Any], topic: str) -> None:
        """Create a client that is not connected yet.

        Args:
            kafka: client options, see `recomind.stream.connection`.
            topic: which topic.
        """
        self._kafka = kafka
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._asked: dict[Partition, asyncio.Future[int]] = {}
        """Partition to the answer of the next question."""
        self._asking: asyncio.Task[None] | None = None

    async def of(self, partition: Partition) -> int:
        """The offset before which every record is committed or aborted, as Kafka says it after this call.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        if partition not in self._asked:
            self._asked[partition] = asyncio.get_running_loop().create_future()
        answer = self._asked[partition]
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name=f"ends of {self._topic}")
        return await asyncio.shield(answer)  # others may wait for the same answer

    async def stop(self) -> None:
        """Disconnect."""
        if self._asking is not None:
            self._asking.cancel()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _ask(self) -> None:
        """Ask until nobody waits."""
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: Mapping[Partition, asyncio.Future[int]]) -> None:
        try:
            ends = await self._ends(asked)
        except asyncio.CancelledError:
            for answer in asked.values():
                answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 it is raised where the answer is awaited
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # whoever asked may wait no longer
            return
        for partition, answer in asked.items():
            answer.set_result(ends[partition])

    async def _ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        with translation():
            if self._consumer is None:
                self._consumer = await self._connected()
            found = await self._consumer.end_offsets([TopicPartition(self._topic, one) for one in partitions])
        return {Partition(tp.partition): end for tp, end in found.items()}

    async def _connected(self) -> AIOKafkaConsumer:
        """A consumer without partitions, so that it fetches nothing."""
        timeout: dict[str, Any] = {"request_timeout_ms": REQUEST_TIMEOUT_MS}
        consumer = AIOKafkaConsumer(**self._kafka, **timeout, isolation_level="read_committed")
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer
