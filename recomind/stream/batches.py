"""A batch: consecutive records of one partition, delivered to agents as the value of one Faust event.

Faust spends about 70 microseconds on each event; a batch spends them once for all of its records.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import faust
from aiokafka import ConsumerRecord

from recomind.model.ids import Partition

MAX_BATCH_RECORDS: Final = 1_000
"""Some milliseconds of work: HTTP requests share the event loop and wait that long."""

MAX_BATCH_BYTES: Final = 256 * 1024
"""Limit on the values of a batch of several records; a single record of signals may hold hundreds of signals."""


class Batch:
    """Records of one partition, in the order of their offsets."""

    __slots__ = ("decoded", "partition", "parts", "records", "size_bytes", "topic")

    def __init__(
        self, topic: str, partition: Partition, records: Sequence[ConsumerRecord], parts: Sequence["Batch"] = ()
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.parts = parts
        """The batches that this one was joined from."""
        self.size_bytes: int = (
            sum(part.size_bytes for part in parts) if parts else sum(len(one.value or b"") for one in records)
        )
        """Total length of the records' values."""
        self.decoded: Any = None
        """The decoded records, cached by the first agent that decodes them, for the other agents."""

    @classmethod
    def join(cls, batches: "Sequence[Batch]") -> "Batch":
        """Consecutive batches of a partition as one."""
        if len(batches) == 1:
            return batches[0]
        records = [record for batch in batches for record in batch.records]
        return cls(batches[0].topic, batches[0].partition, records, batches)

    @classmethod
    def split(cls, topic: str, partition: Partition, records: Sequence[ConsumerRecord]) -> "Iterator[Batch]":
        """Batches within `MAX_BATCH_RECORDS` and `MAX_BATCH_BYTES`; a larger record gets a batch of its own."""
        start, size = 0, 0
        for at, record in enumerate(records):
            length = len(record.value or b"")
            if at > start and (at - start == MAX_BATCH_RECORDS or size + length > MAX_BATCH_BYTES):
                yield cls(topic, partition, records[start:at])
                start, size = at, 0
            size += length
        if start < len(records):
            yield cls(topic, partition, records[start:])


class BatchSchema(faust.Schema[Any, Any]):
    """Passes batches through undecoded; agents decode a whole batch in one step."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Batch:
        """The batch itself."""
        batch: Batch = message.value
        return batch
