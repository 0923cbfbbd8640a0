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
        pytest.param(record(action_type="love"), "action_type", id="unknown action"),
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


def test_an_action_may_say_how_long_where_and_how_the_video_was_watched():
    fields = {"watched_ms": 1_200, "duration_ms": 5_000, "position": 3, "context": {"device": "tv", "country": "DE"}}
    action = read_action(record(list_id="l1", **fields), NOW)
    assert (action.watched_ms, action.duration_ms, action.position, action.list_id) == (1_200, 5_000, 3, "l1")
    assert action.context == '{"country":"DE","device":"tv"}'


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("watched_ms", -1),
        ("watched_ms", 1.5),
        ("watched_ms", "12"),
        ("watched_ms", 86_400_001),
        ("duration_ms", 0),
        ("position", -1),
        ("position", 100_000),
        ("list_id", "a\nb"),
        ("context", []),
        ("context", {"nested": {}}),
        ("context", {"": 1}),
        ("context", {"a\nb": 1}),
        ("context", {"a": "b\x00"}),
        ("context", {"a": 1e16}),
        ("context", {"a": 10**16}),
        ("context", {f"k{number}": 1 for number in range(17)}),
        ("context", {f"k{number}": "x" * 100 for number in range(16)}),
    ],
)
def test_a_bad_value_of_an_optional_field_is_rejected_with_the_name_of_the_field(field, value):
    rejected = read_action(record(**{field: value}), NOW)
    assert isinstance(rejected, Rejected)
    assert rejected.field == field


def test_unknown_fields_change_nothing_and_are_named():
    names = []
    assert read_action(record(volume=3, mood="x"), NOW, names.append) == read_action(record(), NOW, names.append)
    assert names == [{"volume", "mood"}]


def test_what_is_rejected_and_what_is_no_action_names_no_unknown_fields():
    names = []
    assert isinstance(read_action(record(user_id=7, mood="x"), NOW, names.append), Rejected)
    erasure = msgspec.json.encode({"user_id": "u1", "action_type": "forget"})
    assert read_action(erasure, NOW, names.append) == EraseUser("u1")
    assert names == []
