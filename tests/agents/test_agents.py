"""What agents decide, with literal records in and literal values out."""

import asyncio
from types import SimpleNamespace
from uuid import UUID

import pytest

from agents.archive import action_id
from agents.publishing import Publisher
from agents.reading import actions_of, pack_signals, read_actions, read_signals, repair_headers
from recomind.errors import UnavailableError
from recomind.events import Rejected
from recomind.signals import Followed, Origin, Touched, repaired_lane
from recomind.transport.batches import BATCH_MAX, Batch
from recomind.transport.table import Table, is_newer


def record(value, offset=0, topic="video_actions_stream", partition=2, headers=()):
    return SimpleNamespace(
        topic=topic,
        partition=partition,
        offset=offset,
        value=value,
        key=None,
        timestamp=1_700_000_000_000,
        headers=headers,
    )


GOOD = b'{"user_id":"u","video_id":"v","action_type":"like"}'


def test_a_batch_is_read_once_and_keeps_its_order():
    batch = Batch("video_actions_stream", 2, [record(GOOD, 5), record(b"{", 6)])
    first, second = read_actions(batch)
    assert (first.origin, first.action.video_id) == (Origin(2, 5), "v")
    assert isinstance(second.action, Rejected)
    assert read_actions(batch) is read_actions(batch)
    assert [origin for origin, _, _ in actions_of(read_actions(batch))] == [Origin(2, 5)]


def test_a_record_sent_on_keeps_its_origin_and_its_time():
    headers = repair_headers(record(GOOD, 9, partition=1))
    sent_on = record(GOOD, 70, "video_actions_repaired", 3, headers)
    sent_on.timestamp = 1_800_000_000_000
    [read] = read_actions(Batch("video_actions_repaired", 3, [sent_on]))
    assert read.origin == Origin(repaired_lane(1, 3), 9)
    assert read.action.timestamp == 1_700_000_000.0


def test_signals_survive_packing():
    signals = [Touched("v", 0, 1, 2.0, "u", "like", False, ("w",)), Followed("w", 0, 1, 2.0, "v", 1)]
    assert read_signals(Batch("video_signals", 0, [record(pack_signals(signals))])) == signals


def test_a_long_poll_is_cut_into_batches():
    batches = list(Batch.cut("t", 0, [record(GOOD, n) for n in range(2 * BATCH_MAX + 1)]))
    assert [batch.records[-1].offset for batch in batches] == [BATCH_MAX - 1, 2 * BATCH_MAX - 1, 2 * BATCH_MAX]


def test_an_action_without_an_id_gets_the_same_one_at_every_delivery():
    assert action_id(Origin(1, 2)) == action_id(Origin(1, 2)) != action_id(Origin(2, 1))
    assert action_id(Origin(1, 2)).version == 5
    assert isinstance(action_id(Origin(1, 2)), UUID)


async def test_a_publisher_writes_the_latest_and_keeps_what_failed():
    written, fails = [], [True]

    async def write(values):
        if fails.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        written.append(dict(values))

    publisher = Publisher(write)
    publisher.add("a", 1)
    publisher.add("b", 1)
    with pytest.raises(UnavailableError):
        await publisher.flush()
    publisher.add("a", 2)
    fails.append(False)
    await publisher.flush()
    await publisher.flush()
    assert written == [{"a": 2, "b": 1}]


def test_a_stale_write_is_told_from_a_newer_one():
    from msgspec.msgpack import encode

    from recomind.state.profile import Profile

    old, new = encode(Profile(origins={0: 3, 1: 1})), encode(Profile(origins={0: 4, 1: 1}))
    assert is_newer(new, old)
    assert not is_newer(old, new)


async def test_a_table_flushes_a_key_once_and_drops_partitions_that_moved():
    from recomind.state.profile import Profile

    sent = []

    class Sender:
        async def send_all(self, topic, partition, records):
            sent.append((topic, partition, [record.key for record in records]))

    table = Table("profiles", Profile, topic="t", kafka={})
    table._values = {0: {}, 1: {}}
    for count in range(3):
        table.put(0, "u", Profile(like_count=count))
    table.put(1, "w", Profile())
    await table.flush(Sender())
    await table.flush(Sender())
    assert sent == [("t", 0, [b"u"]), ("t", 1, [b"w"])]
    table.assign({1}, keep=True)
    assert table.partitions == [1]
    assert len(table) == 1
    await asyncio.sleep(0)
