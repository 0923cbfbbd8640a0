"""The local context of an action: a country and a quarter of the day, or less."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.action_context import context_json
from recomind.model.events import MAX_TIMESTAMP, read_action
from recomind.model.local_context import (
    FIELDS,
    country_of,
    local_context,
    local_key,
    quarter_of,
    read_local_context,
)

EVENING_UTC = datetime(2026, 7, 1, 20, 30, tzinfo=UTC).timestamp()
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, ""),
        ({"device": "phone"}, ""),
        ({"country": "de"}, "DE"),
        ({"local_hour": 0}, "0"),
        ({"local_hour": "23"}, "3"),
        ({"local_hour": 11.9}, "1"),
        ({"country": "DE", "timezone": "Europe/Berlin"}, "DE3"),
        ({"country": "JP", "timezone": "Asia/Tokyo"}, "JP0"),
        ({"country": "IN", "timezone": "+05:30"}, "IN0"),
        ({"timezone": "-0800"}, "2"),
        ({"country": "DE", "local_hour": 7, "timezone": "Asia/Tokyo"}, "DE1"),
        ({"country": None, "local_hour": None}, ""),
    ],
)
def test_the_country_and_the_hour_are_read(values, key):
    assert read_local_context(values, EVENING_UTC) == (key, ())


@pytest.mark.parametrize(
    ("values", "key", "faulty"),
    [
        ({"country": "Germany", "local_hour": 7}, "1", ("country",)),
        ({"country": 49}, "", ("country",)),
        ({"country": "DE", "local_hour": 24}, "DE", ("local_hour",)),
        ({"local_hour": True}, "", ("local_hour",)),
        ({"local_hour": -0.5}, "", ("local_hour",)),
        ({"local_hour": "noon"}, "", ("local_hour",)),
        ({"local_hour": 25, "timezone": "Europe/Berlin"}, "3", ("local_hour",)),
        ({"timezone": "Mars/Olympus"}, "", ("timezone",)),
        ({"timezone": "Europe"}, "", ("timezone",)),
        ({"timezone": "../../etc/passwd"}, "", ("timezone",)),
        ({"timezone": "+99:00"}, "", ("timezone",)),
        ({"timezone": 2}, "", ("timezone",)),
    ],
)
def test_what_cannot_be_read_is_ignored_and_named(values, key, faulty):
    assert read_local_context(values, EVENING_UTC) == (key, faulty)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES)))
def test_no_value_fails(values):
    for at in (0.0, MAX_TIMESTAMP - 1):
        key = read_local_context(values, at).key
        assert key == country_of(key) + quarter_of(key)


def test_an_action_without_a_context_has_none():
    assert local_context(None, EVENING_UTC) == ""
    assert local_context(context_json({"country": "FR", "local_hour": 12}), 0.0) == "FR2"


@given(st.sampled_from(["", "DE", "US"]), st.none() | st.integers(0, 23))
def test_a_key_has_both_parts(country, hour):
    key = local_key(country, hour)
    assert country_of(key) == country
    assert quarter_of(key) == ("" if hour is None else str(hour // 6))


def test_a_value_that_cannot_be_read_is_named_and_fails_nothing():
    names = []
    raw = b'{"user_id":"u","video_id":"v","action_type":"like","context":{"country":"Atlantis","device":"phone"}}'
    action = read_action(raw, EVENING_UTC, names.append)
    assert action.context == '{"country":"Atlantis","device":"phone"}'
    assert names == [{"context.country"}]
    read_action(raw.replace(b"Atlantis", b"AT"), EVENING_UTC, names.append)
    assert len(names) == 1
