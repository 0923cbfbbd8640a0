"""Dead letters: their record format, and the validation of corrected records."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest

from recomind.errors import InputError
from recomind.stream.dead_letters import (
    DeadLetter,
    from_record,
    parse_corrections,
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
