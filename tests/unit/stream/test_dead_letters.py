"""Dead letters: their record format, and the validation of corrected records."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import msgspec
import pytest

from recomind.errors import InputError, UnreadableError
from recomind.stream.dead_letters import (
    DeadLetter,
    from_record,
    parse_corrections,
    printable_fields,
    to_producer_record,
    validate_corrections,
)

KEY = "video_actions_stream:0:5"
DEAD_LETTER = DeadLetter(KEY, datetime(2026, 1, 2, tzinfo=UTC), "why", "", 0, b"{")
NOW = 1.8e9


def test_a_corrected_record_gets_the_log_time_and_an_event_id_that_is_always_the_same():
    line = b'{"key":"video_actions_stream:0:5","record":{"user_id":"u","video_id":"v","action_type":"like"}}'
    [sent] = validate_corrections(parse_corrections([line]), {KEY: DEAD_LETTER}, NOW).values()
    assert json.loads(sent.value) == {
        "timestamp": "2026-01-02T00:00:00Z",
        "event_id": json.loads(sent.value)["event_id"],
        "user_id": "u",
        "video_id": "v",
        "action_type": "like",
    }
    assert validate_corrections(parse_corrections([line]), {KEY: DEAD_LETTER}, 1.9e9) == {KEY: sent}
    assert sent.key == b"u"


def test_a_corrected_record_keeps_its_own_timestamp_and_event_id():
    record = {"user_id": "u", "video_id": "v", "action_type": "like"}
    record |= {"timestamp": "2025-01-01T00:00:00Z", "event_id": str(uuid4())}
    line = json.dumps({"key": KEY, "record": record}).encode()
    [sent] = validate_corrections(parse_corrections([line]), {KEY: DEAD_LETTER}, NOW).values()
    assert json.loads(sent.value) == record


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b"{"], "line 1"),
        ([b"", b'{"record":{}}'], "line 2"),
        ([b'{"key":"k","record":1}', b'{"key":"k","record":1}'], "line 2: k comes twice"),
    ],
)
def test_the_message_names_the_line_that_is_invalid(lines, message):
    with pytest.raises(InputError, match=message):
        parse_corrections(lines)


@pytest.mark.parametrize("record", [b'"{"', b"7", b"null", b'{"user_id":"u"}', b'"\\ud800"'])
def test_a_record_that_is_no_action_is_refused(record):
    line = b'{"key":"%s","record":%s}' % (KEY.encode(), record)
    with pytest.raises(InputError):
        validate_corrections(parse_corrections([line]), {KEY: DEAD_LETTER}, NOW)


def test_a_dead_letter_survives_being_written_and_read():
    headers = to_producer_record(DEAD_LETTER).headers
    record = SimpleNamespace(key=KEY.encode(), value=b"{", timestamp=0, headers=headers)
    assert from_record(0, record) == DEAD_LETTER


def test_a_dead_letter_that_was_cut_survives_too_and_says_so_when_listed():
    cut = msgspec.structs.replace(DEAD_LETTER, original=b"{x" * 9).cut(4)
    headers = to_producer_record(cut).headers
    record = SimpleNamespace(key=KEY.encode(), value=b"{x{x", timestamp=0, headers=headers)
    assert from_record(0, record) == cut
    assert printable_fields(cut)["cut_from"] == 18
    assert cut.is_of(b"{x" * 9)
    assert not cut.is_of(b"{x" * 8)
    assert not cut.is_of(b"y" * 18)


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"nobody's", b"t:0:x"])
def test_a_record_that_is_no_dead_letter_is_told(key):
    record = SimpleNamespace(topic="t", partition=0, offset=3, key=key, value=b"", timestamp=0, headers=())
    with pytest.raises(UnreadableError, match="topic t, partition 0, offset 3 cannot be read"):
        from_record(0, record)


@pytest.mark.parametrize("timestamp", [-1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("logged_at", [None, b"x", b"-1", b"9" * 30])
def test_any_timestamp_and_header_of_a_dead_letter_is_read(timestamp, logged_at):
    headers = (("logged-at", logged_at), ("cut-from", logged_at), ("reason", None))
    record = SimpleNamespace(key=KEY.encode(), value=b"{", timestamp=timestamp, headers=headers)
    assert 1970 <= from_record(0, record).logged_at.year <= 9999
