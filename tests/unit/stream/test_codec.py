"""Decoding of actions and signals, and the identity of rerouted records."""

import pytest

from recomind.model.events import Rejected
from recomind.model.signals import ActionSignal, ErasureSignal, SourceOffset, TransitionSignal, rerouted_source
from recomind.stores.archive_rows import action_id
from recomind.stream.batches import Batch
from recomind.stream.codec import actions_of, decode_batch, decode_signal_batch, encode_signals, rerouting_headers
from tests.unit.stream.records import ACTION, action_record


def test_a_batch_is_decoded_once_and_in_order():
    batch = Batch("video_actions_stream", 3, [action_record(ACTION, 5, 3), action_record(b"{", 6, 3)])
    first, second = decode_batch(batch, 4)
    assert (first.source_offset, first.action.video_id) == (SourceOffset(3, 5), "v")
    assert isinstance(second.action, Rejected)
    assert decode_batch(batch, 4) is decode_batch(batch, 4)
    assert [source_offset for source_offset, _ in actions_of(decode_batch(batch, 4))] == [SourceOffset(3, 5)]


def test_a_misrouted_record_has_its_first_position_and_log_time_after_it_is_rerouted():
    [misrouted] = decode_batch(Batch("video_actions_stream", 1, [action_record(ACTION, 9, 1)]), 4)
    assert misrouted.misrouted
    assert list(actions_of([misrouted])) == []
    record = action_record(ACTION, 70, 3, rerouting_headers(misrouted.record))
    record.timestamp = 1_800_000_000_000
    [rerouted] = decode_batch(Batch("video_actions_stream", 3, [record]), 4)
    assert rerouted.source_offset == SourceOffset(rerouted_source(1, 3), 9)
    assert rerouted.action.timestamp == 1_700_000_000.0
    assert not rerouted.misrouted
    assert action_id(rerouted.source_offset) == action_id(SourceOffset(1, 9))


@pytest.mark.parametrize("forged", [None, b"", b"one:two", b"1:2:3", b"99999999999999999999:1", b"\xff"])
def test_malformed_rerouting_headers_are_ignored(forged):
    headers = (("recomind-origin", forged), ("recomind-logged-at", b"1"))
    [decoded] = decode_batch(Batch("video_actions_stream", 3, [action_record(ACTION, 5, 3, headers)]), 4)
    assert decoded.source_offset == SourceOffset(3, 5)


def test_a_rerouted_record_that_is_misrouted_again_counts_from_its_present_position():
    headers = rerouting_headers(action_record(ACTION, 9, 1))
    [decoded] = decode_batch(Batch("video_actions_stream", 2, [action_record(ACTION, 5, 2, headers)]), 4)
    assert (decoded.misrouted, decoded.source_offset) == (True, SourceOffset(2, 5))


def test_signals_survive_encoding():
    signals = [ActionSignal("v", 0, 1, 2.0, "u", "like", False, ("w",)), TransitionSignal("w", 0, 1, 2.0, "v", 1)]
    erasure = ErasureSignal("u", {0: 1}, 7)
    records = [action_record(encode_signals([signals[0], erasure])), action_record(encode_signals(signals[1:]))]
    assert decode_signal_batch(Batch("video_signals", 0, records)) == (signals, [erasure], 0)
