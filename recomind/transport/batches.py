"""A batch: the records of one poll from one partition, delivered to agents as the value of one Faust event.

Stock Faust spends about 70 microseconds on an event, of which a record needs none: a batch spends them once.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import faust
from aiokafka import ConsumerRecord

BATCH_MAX: Final = 1_000
"""Most records in a batch: some milliseconds of work, so that HTTP requests on the same loop do not wait longer."""


class Batch:
    """Records of one partition, in the order of their offsets."""

    __slots__ = ("partition", "parts", "read", "records", "topic")

    def __init__(
        self, topic: str, partition: int, records: Sequence[ConsumerRecord], parts: Sequence["Batch"] = ()
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.parts = parts
        """The batches that were joined to this one."""
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
        """Batches of at most `BATCH_MAX` records."""
        for start in range(0, len(records), BATCH_MAX):
            yield cls(topic, partition, records[start : start + BATCH_MAX])


class BatchSchema(faust.Schema):
    """Passes a batch through: decoding is the agents' business, once a batch and in one step."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Batch:
        """The batch itself."""
        batch: Batch = message.value
        return batch
