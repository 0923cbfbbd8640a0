"""The version of stored encodings: written with every record, and checked by every reader."""

from types import SimpleNamespace

import msgspec
import pytest
from aiokafka import TopicPartition

from recomind.errors import NewerEncodingError, RecoMindError, UnreadableError
from recomind.model.signals import ActionSignal
from recomind.state.profile import Profile
from recomind.stream import log_reader
from recomind.stream import table as tables
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_signal_batch, signals_record
from recomind.stream.encoding import ENCODING_VERSION, check_headers, check_version
from recomind.stream.log_reader import LogCursor, restore
from recomind.stream.table import Table

CURRENT = b"%d" % ENCODING_VERSION
NEWER = (("v", b"%d" % (ENCODING_VERSION + 1)),)

SENTENCE = (
    f"topic changelog holds data of encoding version {ENCODING_VERSION + 1}, "
    f"but this RecoMind reads versions up to {ENCODING_VERSION}: "
    "run a RecoMind of at least the version that wrote it"
)


def record(key, value, headers=(), offset=0, topic="changelog"):
    return SimpleNamespace(topic=topic, partition=0, key=key, value=value, headers=headers, offset=offset)


class RecordingProducer:
    """Notes the records that a table flushes."""

    def __init__(self):
        self.records = []

    async def send_in_order(self, topic, partition, records):
        self.records += records


class FixedConsumer:
    """Stands in for aiokafka's consumer of one partition with one record."""

    def __init__(self, only):
        self.only, self.read = only, False

    async def position(self, tp):
        return int(self.read)

    async def getmany(self, tp, timeout_ms):
        self.read = True
        return {tp: [self.only]}


@pytest.fixture
def changelog(monkeypatch):
    """The records of partition 0 that every reader of a topic finds."""
    records = []

    async def read_to_end(kafka, topic, partitions):
        yield 0, records

    monkeypatch.setattr(log_reader, "read_to_end", read_to_end)
    return records


async def test_a_table_writes_the_version_with_each_record():
    table, producer = Table("profiles", Profile, topic="changelog", kafka={}), RecordingProducer()
    table._values = {0: {"restored": b"still encoded"}}
    table._changed = {0: {"restored"}}
    table.put(0, "u", Profile())
    await table.flush(producer)
    assert {one.key for one in producer.records} == {b"restored", b"u"}
    assert [one.headers for one in producer.records] == [(("v", CURRENT),)] * 2


def test_a_record_of_signals_carries_the_version():
    signal = ActionSignal("v", 0, 1, 2.0, "u", "like")
    written = signals_record([signal])
    assert (written.key, written.headers) == (None, (("v", CURRENT),))
    batch = Batch("video_signals", 0, [record(None, written.value, written.headers, topic="video_signals")])
    assert decode_signal_batch(batch).video_signals == [signal]


@pytest.mark.parametrize("headers", [(), (("other", b"2"),), (("v", b"0"),), (("v", b"1"),), (("v", CURRENT),)])
async def test_records_without_a_version_and_of_known_versions_are_read(changelog, headers):
    value = b"\x91\x80"  # msgpack: one field, without applied offsets
    changelog += [record(b"u", value, headers), record(b"w", value), record(b"w", None, headers)]
    assert await restore({}, "changelog", [0]) == {0: {"u": value}}


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"u", b"not msgpack", ()),
        (b"u", b"not msgpack", (("v", b"1"),)),
        (b"u", b"\x91\x80", (("v", b"?"),)),
        (b"u", b"\x91\x80", (("v", None),)),
        (b"u", b"\x92\x80\xa1x", ()),
        (b"\xff", b"\x91\x80", ()),
        (None, b"\x91\x80", ()),
    ],
)
async def test_a_record_that_is_not_ours_is_skipped_and_the_value_before_it_is_written_again(
    changelog, key, value, headers
):
    stale, unreadable, ours = [], [], msgspec.msgpack.encode(Profile())
    changelog += [record(b"u", ours, (("v", b"1"),)), record(key, value, headers, offset=1)]
    decode = msgspec.msgpack.Decoder(Profile).decode
    restored = await restore(
        {}, "changelog", [0], lambda *place: stale.append(place), decode=decode, on_unreadable=unreadable.append
    )
    assert restored == {0: {"u": ours}}
    assert stale == ([(0, "u")] if key == b"u" else [])
    assert ["changelog" in str(one) for one in unreadable] == [True]


def test_a_value_with_our_header_that_is_none_counts_as_absent():
    unreadable = []
    table = Table("profiles", Profile, topic="changelog", kafka={}, on_unreadable=unreadable.append)
    table._values = {0: {"u": b"\x92\x80\xa1x"}}
    assert table.get(0, "u") is None
    assert str(unreadable[0]).startswith("table profiles, key 'u' cannot be read: ")


@pytest.mark.parametrize("value", [b"an encoding of the future", None], ids=["value", "tombstone"])
async def test_a_newer_version_ends_the_restore_of_a_table(changelog, value, monkeypatch):
    async def must_not_retry(_):
        raise AssertionError("the restore was tried again")

    failures = []

    async def on_error(error):
        failures.append(error)

    monkeypatch.setattr(tables.asyncio, "sleep", must_not_retry)
    changelog.append(record(b"u", value, NEWER))
    table = Table("profiles", Profile, topic="changelog", kafka={}, on_error=on_error)
    table.assign({0}, retain=False)
    with pytest.raises(NewerEncodingError) as raised:
        await table.recovered(0)
    assert str(raised.value) == SENTENCE
    assert failures == [raised.value]
    assert not table.is_recovered
    assert isinstance(raised.value, RecoMindError)


def test_a_batch_with_signals_of_a_newer_version_is_not_decoded():
    batch = Batch("video_signals", 0, [record(None, b"?", NEWER, topic="video_signals")])
    with pytest.raises(NewerEncodingError, match="topic video_signals holds data of encoding version"):
        decode_signal_batch(batch)


async def test_a_log_cursor_stops_at_a_newer_version():
    cursor = LogCursor(FixedConsumer(record(None, b"?", NEWER)), TopicPartition("changelog", 0))
    with pytest.raises(NewerEncodingError, match=SENTENCE):
        await anext(cursor.records(until=1))


@pytest.mark.parametrize("version", [None, b"", b"-1", b"1.5", b"one", b"\xff", b"12345"])
def test_a_record_with_a_version_that_is_none_is_not_ours(version):
    with pytest.raises(UnreadableError):
        check_headers("topic changelog", (("v", version),))


def test_the_check_names_any_place():
    check_version("Redis", b"1")
    with pytest.raises(NewerEncodingError, match=r"^Redis holds data of encoding version 1000, .* up to \d+: "):
        check_version("Redis", b"1000")
