"""How profiles handle control records that erase a user: records in, values and signals out."""

import msgspec

from recomind.model.events import EraseUser
from recomind.model.signals import ActionSignal, ErasureSignal, SourceOffset, rerouted_source
from recomind.state.profile import Profile
from recomind.state.profile_fold import apply_event
from recomind.stream.codec import decode_record, rerouting_headers
from recomind_agents.profiles import MAX_SIGNAL_BYTES, _packed
from tests.unit.stream.records import LOG, action_record

EVENT = "6f1ed002-ab55-4bb1-8f3f-9d2c5b1f0a11"
LIKE = b'{"user_id":"u","video_id":"v","action_type":"like","event_id":"%s"}' % EVENT.encode()
FORGET = b'{"user_id":"u","action_type":"forget"}'


def fold(records, profile=None):
    """The profile after records, and the signals sent."""
    profile, sent = profile or Profile(), []
    for one in records:
        decoded = decode_record(one, LOG)
        profile, signals = apply_event(profile, decoded.source_offset, decoded.record.offset, decoded.action)
        sent += signals
    return profile, sent


def test_an_erasure_signal_says_up_to_which_offset_the_users_signals_are_void():
    profile, sent = fold([action_record(LIKE, 5, 3), action_record(FORGET, 6, 3)])
    assert profile == Profile(applied_offsets={3: 6}, erasure_offset=6)
    assert sent[-1] == ErasureSignal("u", {3: 6}, 6)


def test_a_redelivery_of_the_log_restores_nothing_from_before_the_erasure():
    """Erasure drops the ids of events, by which repeated events are recognised; the log offset still tells."""
    repeated = action_record(LIKE, 6, 3, rerouting_headers(action_record(LIKE, 2, 1), LOG))
    log = [action_record(LIKE, 5, 3), repeated, action_record(FORGET, 7, 3), action_record(LIKE, 8, 3)]
    profile, sent = fold(log)
    assert (profile.like_count, len(sent)) == (1, 3)
    assert fold(log, profile) == (profile, [])
    erased, _ = fold(log[:3])
    assert fold(log, erased) == (profile, sent[-1:])


def test_a_misrouted_control_record_is_rerouted_like_an_action():
    decoded = decode_record(action_record(FORGET, 9, 1), LOG)
    assert (decoded.misrouted, decoded.action) == (True, EraseUser("u"))
    rerouted = decode_record(action_record(FORGET, 70, 3, rerouting_headers(decoded.record, LOG)), LOG)
    assert (rerouted.misrouted, rerouted.source_offset) == (False, SourceOffset(rerouted_source(1, 3), 9))
    profile, [sent] = apply_event(Profile(), rerouted.source_offset, rerouted.record.offset, rerouted.action)
    assert (profile.erasure_offset, sent.at) == (70, 70)


def test_an_erased_profile_is_the_same_after_encoding():
    profile, _ = fold([action_record(LIKE, 5, 3), action_record(FORGET, 6, 3)])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(profile), type=Profile) == profile


def test_signals_of_the_longest_ids_are_split_into_records_that_kafka_takes():
    long = "\U0001f600" * 128
    signals = [ActionSignal(long, 0, n, 1e9, long, "like", False, (long,) * 5) for n in range(1000)]
    records = _packed(signals)
    assert max(len(one.value) for one in records) <= MAX_SIGNAL_BYTES
    assert [
        one for record in records for one in msgspec.msgpack.decode(record.value, type=list[ActionSignal])
    ] == signals
    assert len(_packed([ActionSignal("v", 0, n, 1e9, "u", "like") for n in range(1000)])) == 2
