"""Batches with header names of any bytes are read, and all others as aiokafka reads them."""

import random

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from recomind.stream.record_batches import RecordBatches
from tests.faults.foreign_records import with_header_name

NAME = b"NAME"


def batch(first_offset, headers, compression=0):
    """A batch of a record for each element of `headers`."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1 << 20)
    for number, some in enumerate(headers):
        builder.append(number, 1000 + number, b"k%d" % number, b"v%d" % number, some)
    data = builder.build()
    return first_offset.to_bytes(8, "big") + bytes(data)[8:]


def read(reader):
    found = []
    while reader.has_next():
        one = reader.next_batch()
        assert one.validate_crc()
        found += [(record.offset, record.timestamp, record.key, record.value, list(record.headers)) for record in one]
    return found


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_batches_are_read_as_aiokafka_reads_them(compression):
    headers = [[], [("a", b"1"), ("\u00e9", None)], []]
    data = batch(0, headers, compression) + batch(3, headers, compression)
    assert read(RecordBatches(data)) == read(MemoryRecords(data))
    assert RecordBatches(data).size_in_bytes() == len(data)
    assert len(read(RecordBatches(data[:-1]))) == 3


@pytest.mark.parametrize("name", [b"\xff\xfe\xfd\xfc", b"a\x80bc", b"\xed\xa0\x80d", b"\x00\x00\x00\xc3"])
def test_a_header_name_that_is_not_utf_8_is_escaped_and_no_record_is_lost(name):
    plain = batch(0, [[], [("NAME", b"x")], []])
    data = batch(7, [[]]) + with_header_name(plain, NAME, name) + batch(9, [[]])
    found = read(RecordBatches(data))
    assert [(offset, value) for offset, _, _, value, _ in found] == [
        (7, b"v0"),
        *((number, b"v%d" % number) for number in range(3)),
        (9, b"v0"),
    ]
    [(escaped, value)] = found[2][4]
    assert (escaped, value) == (name.decode(errors="backslashreplace"), b"x")


def test_any_bytes_may_be_the_name():
    noise = random.Random(1)
    for _ in range(300):
        data = with_header_name(batch(0, [[("NAME", b"x")], []]), NAME, noise.randbytes(4))
        assert [value for _, _, _, value, _ in read(RecordBatches(data))] == [b"v0", b"v1"]


def test_a_damaged_batch_is_still_an_error():
    data = bytearray(batch(0, [[("NAME", b"x")], []]))
    data[61] = 0x7F  # the length of the first record
    with pytest.raises(CorruptRecordException):
        list(RecordBatches(bytes(data)).next_batch())


@pytest.mark.parametrize("magic", [0, 1])
def test_formats_before_headers_existed_are_read(magic):
    builder = LegacyRecordBatchBuilder(magic, 0, 1 << 20)
    builder.append(0, timestamp=1000, key=b"k", value=b"v")
    data = bytes(builder.build())
    assert [record.value for record in RecordBatches(data).next_batch()] == [b"v"]
