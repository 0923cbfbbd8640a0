"""A producer and the compacted topic to which it sends."""

from aiokafka import ConsumerRecord

from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.producer import SentRecord


def consumed(value, headers=VERSION_HEADERS, key=b"rule:R1"):
    return ConsumerRecord("rules", 0, 5, 0, 0, key, value, None, 0, 0, tuple(headers))


class Log:
    """A producer whose records a stream reads back at once."""

    def __init__(self):
        self.clock, self.records, self.streams = Clock(), [], []

    async def send(self, topic, partition, records):
        offset = len(self.records)
        for record in records:
            self.records.append(record)
            for stream in self.streams:
                stream._apply(consumed(record.value, record.headers, record.key))
                stream.positions[0] = len(self.records)
        return [SentRecord(offset + place, None) for place in range(len(records))]

    def read_by(self, stream):
        """Have a stream read what compaction leaves."""
        for record in self.compacted():
            stream._apply(consumed(record.value, record.headers, record.key))

    def compacted(self):
        """The latest record of each key, without tombstones."""
        latest = {record.key: place for place, record in enumerate(self.records)}
        return [self.records[place] for place in sorted(latest.values()) if self.records[place].value is not None]


class Clock:
    at = 100.0

    def now(self):
        self.at += 1
        return self.at
