"""Reading records: valid actions and control records, and why others are rejected."""

import msgspec
import pytest

from recomind.model.events import MAX_ACTION_BYTES, Action, EraseUser, Rejected, faulty_field, read_action

NOW = 1_700_000_000.0


def record(**fields):
    return msgspec.json.encode({"user_id": "u1", "video_id": "v1", "action_type": "view", **fields})


def test_the_timestamp_of_an_action_is_read_as_epoch_seconds():
    action = read_action(record(timestamp="2023-11-14T22:13:20Z"), NOW)
    assert action == Action("u1", "v1", "view", 1_700_000_000.0)


def test_an_action_without_a_timestamp_gets_the_time_at_which_kafka_appended_it():
    assert read_action(record(), NOW).timestamp == NOW


def test_a_timestamp_without_a_time_zone_is_utc():
    assert read_action(record(timestamp="2023-11-14T22:13:20"), NOW).timestamp == NOW


def test_ids_may_hold_any_printable_character():
    assert read_action(record(user_id="Zoë 🐈"), NOW).user_id == "Zoë 🐈"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        pytest.param(None, None, id="no value"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"{", None, id="broken JSON"),
        pytest.param(b"\xff\xfe", None, id="not UTF-8"),
        pytest.param(b"[]", None, id="not an object"),
        pytest.param(b'{"video_id":"v","action_type":"like"}', "user_id", id="missing id"),
        pytest.param(record(user_id=""), "user_id", id="empty id"),
        pytest.param(record(user_id="x" * 129), "user_id", id="long id"),
        pytest.param(record(video_id=7), "video_id", id="number for an id"),
        pytest.param(record(video_id="a\nb"), "video_id", id="line break in an id"),
        pytest.param(record(action_type="dislike"), "action_type", id="unknown action"),
        pytest.param(record(timestamp="yesterday"), "timestamp", id="not ISO"),
        pytest.param(record(timestamp="2023-11-14T22:18:21Z"), "timestamp", id="more than 5 minutes ahead"),
        pytest.param(record(timestamp="1969-12-31T00:00:00Z"), "timestamp", id="before 1970"),
        pytest.param(record(event_id="7"), "event_id", id="event id that is no UUID"),
        pytest.param(record(note="x" * MAX_ACTION_BYTES), None, id="too large"),
    ],
)
def test_an_invalid_record_is_rejected_with_its_faulty_field_and_original_value(raw, field):
    rejected = read_action(raw, NOW)
    assert isinstance(rejected, Rejected)
    assert rejected.reason
    assert (rejected.field, rejected.raw) == (field, raw or b"")


def test_a_timestamp_exactly_five_minutes_ahead_is_accepted():
    assert isinstance(read_action(record(timestamp="2023-11-14T22:18:20Z"), NOW), Action)


def test_an_error_message_without_a_field_names_none():
    assert faulty_field("Input data was truncated") is None


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"user_id":"u","action_type":"forget"}', EraseUser),
        (b'{"user_id":"u","video_id":"v","action_type":"forget"}', EraseUser),
        (b'{"user_id":"u"}', Rejected),
        (b'{"action_type":"forget"}', Rejected),
        (b'{"user_id":"","action_type":"forget"}', Rejected),
        (b'{"user_id":"a\\u0000","action_type":"forget"}', Rejected),
        (b'{"user_id":"u","action_type":"Forget"}', Rejected),
        (b'{"user_id":"u","video_id":"v","action_type":"like"}', Action),
    ],
)
def test_a_control_record_needs_a_valid_user_id_and_the_action_type_forget(raw, kind):
    assert type(read_action(raw, 1.7e9)) is kind
