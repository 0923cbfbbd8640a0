"""The log of served lists as a worker reads it, beside what its agent gets from the consumer group."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from aiokafka import ConsumerRecord
from faust.types import TP

from recomind.model.ids import Partition
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.end_offsets import EndOffsets
from recomind.stream.log_reader import read_to_end


class ServedListLog(Protocol):
    """What the window of served lists needs of the log."""

    async def stop(self) -> None:
        """Disconnect."""

    def committed(self, partition: Partition) -> int:
        """The offset from which on the agent gets records; 0 if none is committed."""

    async def end(self, partition: Partition) -> int:
        """The offset after the last record, as Kafka says it after this call."""

    def read(
        self, partition: Partition, *, until: int, since: float | None = None, start: int | None = None
    ) -> AsyncGenerator[Sequence[ConsumerRecord], None]:
        """Records before an offset: those logged at a time, in epoch seconds, or later; or those from an offset on."""


class KafkaServedListLog:
    """The log in Kafka."""

    def __init__(self, settings: Settings, committed: Callable[[TP], int | None]) -> None:
        """Nothing is connected yet.

        Args:
            settings: where Kafka is.
            committed: the committed offset of a partition, as far as it is known.
        """
        self._kafka = client_options(settings)
        self._committed = committed
        self._ends = EndOffsets(self._kafka, topics.SERVED_LISTS)

    async def stop(self) -> None:
        """Disconnect."""
        await self._ends.stop()

    def committed(self, partition: Partition) -> int:
        """The offset from which on the agent gets records; 0 if none is committed."""
        return self._committed(TP(topics.SERVED_LISTS, partition)) or 0

    async def end(self, partition: Partition) -> int:
        """The offset after the last record, as Kafka says it after this call.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        return await self._ends.of(partition)

    async def read(
        self, partition: Partition, *, until: int, since: float | None = None, start: int | None = None
    ) -> AsyncGenerator[Sequence[ConsumerRecord], None]:
        """Records before an offset: those logged at a time, in epoch seconds, or later; or those from an offset on.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        starts = None if start is None else {partition: start}
        bounds = {partition: until}
        found = read_to_end(self._kafka, topics.SERVED_LISTS, [partition], until=bounds, since=since, starts=starts)
        async with aclosing(found) as batches:
            async for _, records in batches:
                yield records
