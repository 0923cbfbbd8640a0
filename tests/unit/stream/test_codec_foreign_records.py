"""Any record in a topic of ours, whoever wrote it, is read as something or told apart; none raises another error."""

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recomind.errors import NewerEncodingError, UnreadableError
from recomind.model.events import Action, Rejected
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import ActionSignal, ErasureSignal
from recomind.state import neighbours, popularity, profile_fold
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.archive_rows import archived_action
from recomind.stream.codec import decode_record, decode_signals, encode_signals, rerouting_headers
from recomind.stream.dead_letters import DeadLetter, dead_letter_key, from_record, moment, to_producer_record

LOG_ID = "cluster/topic"
LOG = LogIdentity(4, LOG_ID)
EMPTY_VALUE = msgspec.msgpack.encode([])
NESTED = b'{"user_id":' + b"[" * 8_000
NESTED_ELSEWHERE = b'{"user_id":"u","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"

timestamps = st.integers(-(2**63), 2**63 - 1)
values = st.none() | st.binary()
headers = st.lists(
    st.tuples(
        st.sampled_from(["v", "recomind-origin", "recomind-logged-at", "recomind-log", "reason", "cut-from", ""])
        | st.text(),
        values,
    )
)
rerouted = st.tuples(st.integers(0, 10**6), st.integers(0, 10**19), st.integers(0, 10**16)).map(
    lambda one: [
        ("recomind-origin", b"%d:%d" % one[:2]),
        ("recomind-logged-at", b"%d" % one[2]),
        ("recomind-log", LOG_ID.encode()),
    ]
)
texts = st.text(max_size=4) | st.just("u")
moments = st.datetimes().map(str) | st.sampled_from(["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
actions = st.fixed_dictionaries(
    {"user_id": texts, "video_id": texts, "action_type": st.sampled_from(["like", "view", "forget", "love"])},
    optional={"timestamp": moments | st.none(), "event_id": st.uuids().map(str) | texts, "x": texts},
).map(msgspec.json.encode)
JSON = '[]{}",:0123456789.eE-+ntfu\\ \n'


def record(value, record_headers=(), timestamp=0, key=None, offset=7):
    return SimpleNamespace(
        topic="topic",
        partition=0,
        offset=offset,
        key=key,
        value=value,
        headers=tuple(record_headers),
        timestamp=timestamp,
    )


@given(values | st.text(JSON).map(str.encode) | actions, headers | rerouted, timestamps)
@example(NESTED, [], 0)
@example(NESTED_ELSEWHERE, [], 0)
@example(b'{"user_id":"u","video_id":"v","action_type":"like"}', [("recomind-origin", None)], 0)
@example(b'{"user_id":"u","video_id":"v","action_type":"like"}', [], 2**63 - 1)
def test_any_record_of_the_public_topic_is_an_action_a_control_record_or_a_dead_letter(
    value, record_headers, timestamp
):
    one = record(value, record_headers, timestamp)
    decoded = decode_record(one, LogIdentity(1, LOG_ID))
    if isinstance(decoded.action, Rejected):
        dead_letter = DeadLetter(
            dead_letter_key(one), moment(timestamp), decoded.action.reason, "", 0, decoded.action.raw
        ).cut(100)
        written = to_producer_record(dead_letter)
        assert from_record(0, record(written.value, written.headers, 0, written.key)).reason == dead_letter.reason
        return
    if isinstance(decoded.action, Action):
        assert archived_action(decoded.source_offset, decoded.action, LogIdentity(1)).timestamp.year >= 1970
    value, signals = profile_fold.apply_event(Profile(), decoded.source_offset, one.offset, decoded.action)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=Profile) == value
    again = decode_signals(record(encode_signals(signals)))
    assert [*again.video_signals, *again.erasures] == list(signals)


@given(values, timestamps)
def test_a_record_that_is_rerouted_decides_the_same_as_before(value, timestamp):
    value = b'{"user_id":"u","video_id":"v","action_type":"like","timestamp":"2020-01-01T00:00:00Z"}'
    first = decode_record(record(value, (), timestamp), LOG)
    if first.misrouted:
        one = record(value, rerouting_headers(first.record, LOG))
        one.partition = 3
        assert decode_record(one, LOG).action == first.action


ids = st.text(max_size=3)
numbers = st.integers(-2, 2**64 - 1)
times = st.floats() | st.floats(0, 3e11)
made_up_signals = st.lists(
    st.tuples(st.just("t"), ids, numbers, numbers, times, ids, st.sampled_from(["like", "view", "x"]), st.booleans())
    | st.tuples(st.just("t"), ids, numbers, numbers, times, ids, st.just("like"), st.booleans(), st.lists(ids))
    | st.tuples(st.just("f"), ids, numbers, numbers, times, ids, st.integers(-2, 9), ids)
    | st.tuples(st.just("x"), ids, st.dictionaries(numbers, numbers), numbers)
).map(msgspec.msgpack.encode)


@given(values | made_up_signals, headers)
def test_any_record_of_signals_is_folded_or_told_apart(value, record_headers):
    try:
        found = decode_signals(record(value, record_headers))
    except (UnreadableError, NewerEncodingError):
        return
    counted, near = Popularity(), Neighbours()
    for signal in found.video_signals:
        near = neighbours.fold(near, [signal])
        if isinstance(signal, ActionSignal):
            counted = popularity.fold(counted, [signal])
    assert all(isinstance(one, ErasureSignal) for one in found.erasures)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(counted), type=Popularity) == counted
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(near), type=Neighbours) == near


@pytest.mark.parametrize("value", [None, b"", b"\xc1", b"\x91" * 5_000, EMPTY_VALUE + b"x"])
def test_the_place_of_an_unreadable_record_is_told(value):
    with pytest.raises(UnreadableError, match="topic topic, partition 0, offset 7 cannot be read"):
        decode_signals(record(value))
