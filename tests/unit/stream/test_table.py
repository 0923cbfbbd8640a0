"""Tables: batched changelog writes, assignment of partitions, and restores."""

import asyncio

import msgspec
import pytest

from recomind.errors import UnavailableError
from recomind.state.older_feedback import OlderFeedback
from recomind.state.profile import Profile
from recomind.state.seen_blocks import SeenBlock, block_key
from recomind.stream import table as tables
from recomind.stream.table import Table


class RecordingProducer:
    """Notes what a table flushes."""

    def __init__(self):
        self.sent = []

    async def send_in_order(self, topic, partition, records):
        self.sent.append((topic, partition, [(record.key, record.value) for record in records]))


async def test_a_changed_key_is_written_once_per_flush_and_a_moved_partition_is_dropped():
    producer, table = RecordingProducer(), Table("profiles", Profile, topic="t", kafka={})
    table._values = {0: {}, 1: {}}
    for count in range(3):
        table.put(0, "u", Profile(like_count=count))
    table.put(1, "w", Profile())
    await table.flush(producer)
    await table.flush(producer)
    keys = [(topic, partition, [key for key, _ in records]) for topic, partition, records in producer.sent]
    assert keys == [("t", 0, [b"u"]), ("t", 1, [b"w"])]
    table.assign({1}, retain=True)
    assert table.partitions == [1]
    assert len(table) == 1
    await asyncio.sleep(0)


async def test_a_restore_is_retried_until_kafka_answers(monkeypatch):
    answers = [{0: {"u": b"value"}}, UnavailableError("Kafka", RuntimeError("away"))]

    async def restore(*_, **__):
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(tables, "restore", restore)
    monkeypatch.setattr(tables, "RETRY_DELAY_S", 0.0)
    table = Table("profiles", Profile, topic="t", kafka={})
    assert table.is_recovered
    table.assign({0}, retain=False)
    assert not table.is_recovered
    await table.recovered(0)
    assert table.is_recovered
    assert table.partitions == [0]


async def test_the_right_value_is_written_again_after_a_stale_write(monkeypatch):
    async def restore(kafka, topic, partitions, on_stale, **_):
        on_stale(0, "u")
        return {0: {"u": b"right", "w": b"other"}}

    monkeypatch.setattr(tables, "restore", restore)
    producer, table = RecordingProducer(), Table("profiles", Profile, topic="t", kafka={})
    table.assign({0}, retain=False)
    await table.recovered(0)
    await table.flush(producer)
    assert producer.sent == [("t", 0, [(b"u", b"right")])]


async def test_a_deleted_key_is_written_as_a_tombstone_even_without_a_value():
    producer, table = RecordingProducer(), Table("profiles", Profile, topic="t", kafka={})
    table._values = {0: {"u": Profile()}}
    table.delete(0, "u")
    await table.flush(producer)
    assert table.get(0, "u") is None
    table.delete(0, "u")
    await table.flush(producer)
    assert producer.sent == [("t", 0, [(b"u", None)])] * 2


async def test_a_partition_that_left_during_a_failed_flush_gets_no_tombstones():
    table = Table("profiles", Profile, topic="t", kafka={})
    table._values = {0: {}}
    table.put(0, "u", Profile())

    class FailingProducer:
        async def send_in_order(self, topic, partition, records):
            table.assign(set(), retain=True)
            raise UnavailableError("Kafka", RuntimeError("away"))

    with pytest.raises(UnavailableError):
        await table.flush(FailingProducer())
    producer = RecordingProducer()
    await table.flush(producer)
    assert producer.sent == []


async def test_no_record_precedes_the_values_that_it_refers_to():
    """A batch is processed while the first table is flushed: its profile must not be durable before its block."""
    blocks = Table("blocks", SeenBlock, topic="blocks", kafka={})
    older = Table("older", OlderFeedback, topic="older", kafka={})
    profiles = Table("profiles", Profile, topic="profiles", kafka={}, flushed_after=[blocks, older])
    for table in (blocks, older, profiles):
        table._values = {0: {}, 1: {}}
    puts = [(1, 1), (1, 0), (0, 1)]
    sent = []

    def put(partition, number):
        blocks.put(partition, block_key("u", number), SeenBlock({}, b""))
        older.put(partition, block_key("u", number), OlderFeedback({}, b""))
        profiles.put(partition, "u", Profile(seen_blocks=number + 1, older_blocks=number + 1))

    class BusyProducer:
        async def send_in_order(self, topic, partition, records):
            sent.extend((topic, partition, record) for record in records)
            if puts:
                put(*puts.pop())

    put(0, 0)
    while puts or any(table._changed for table in (blocks, older, profiles)):
        for table in (blocks, older, profiles):
            await table.flush(BusyProducer())
    stored = set()
    for topic, partition, record in sent:
        if topic != "profiles":
            stored.add((topic, partition, record.key.decode()))
        else:
            counted = msgspec.msgpack.decode(record.value, type=Profile).seen_blocks
            keys = [block_key("u", number) for number in range(counted)]
            assert {(name, partition, key) for name in ("blocks", "older") for key in keys} <= stored
    assert len(stored) == 8
