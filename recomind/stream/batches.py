"""A batch: the records of one poll from one partition, delivered to agents as the value of one Faust event.

Stock Faust spends about 70 microseconds on an event, of which a record needs none: a batch spends them once.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import faust
from aiokafka import ConsumerRecord

BATCH_MAX: Final = 1_000
"""Most records in a batch: some milliseconds of work, so that HTTP requests on the same loop do not wait longer."""

BYTES_MAX: Final = 256 * 1024
"""Most bytes of values in a batch of several records: a record of signals holds hundreds of them."""


class Batch:
    """Records of one partition, in the order of their offsets."""

    __slots__ = ("partition", "parts", "read", "records", "size", "topic")

    def __init__(
        self, topic: str, partition: int, records: Sequence[ConsumerRecord], parts: Sequence["Batch"] = ()
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.parts = parts
        """The batches that were joined to this one."""
        self.size: int = sum(part.size for part in parts) if parts else sum(len(one.value or b"") for one in records)
        """Bytes of the records' values."""
        self.read: Any = None
        """What the first agent that decoded the records made of them, for the others."""

    @classmethod
    def joined(cls, batches: "Sequence[Batch]") -> "Batch":
        """Consecutive batches of a partition as one."""
        if len(batches) == 1:
            return batches[0]
        records = [record for batch in batches for record in batch.records]
        return cls(batches[0].topic, batches[0].partition, records, batches)

    @classmethod
    def cut(cls, topic: str, partition: int, records: Sequence[ConsumerRecord]) -> "Iterator[Batch]":
        """Batches of at most `BATCH_MAX` records and `BYTES_MAX` bytes, or of a single record."""
        start, size = 0, 0
        for at, record in enumerate(records):
            more = len(record.value or b"")
            if at > start and (at - start == BATCH_MAX or size + more > BYTES_MAX):
                yield cls(topic, partition, records[start:at])
                start, size = at, 0
            size += more
        if start < len(records):
            yield cls(topic, partition, records[start:])


class BatchSchema(faust.Schema):
    """Passes a batch through: decoding is the agents' business, once a batch and in one step."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Batch:
        """The batch itself."""
        batch: Batch = message.value
        return batch
