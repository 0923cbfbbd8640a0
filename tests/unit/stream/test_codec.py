"""Decoding of actions and signals, and the identity of rerouted records."""

import pytest
from msgspec.structs import replace

from recomind.model.events import Rejected
from recomind.model.signals import ActionSignal, ErasureSignal, SourceOffset, TransitionSignal, rerouted_source
from recomind.stores.archive_rows import action_id
from recomind.stream.batches import Batch
from recomind.stream.codec import (
    actions_of,
    decode_batch,
    decode_record,
    decode_signal_batch,
    encode_signals,
    events_of,
    rerouting_headers,
    to_reroute,
)
from recomind.stream.unknown_fields import UNKNOWN_FIELDS
from tests.unit.stream.records import ACTION, LOG, action_record


def test_a_batch_is_decoded_once_and_in_order():
    batch = Batch("video_actions_stream", 3, [action_record(ACTION, 5, 3), action_record(b"{", 6, 3)])
    first, second = decode_batch(batch, LOG)
    assert (first.source_offset, first.action.video_id) == (SourceOffset(3, 5), "v")
    assert isinstance(second.action, Rejected)
    assert decode_batch(batch, LOG) is decode_batch(batch, LOG)
    assert [source_offset for source_offset, _ in actions_of(decode_batch(batch, LOG))] == [SourceOffset(3, 5)]


def test_a_misrouted_record_has_its_first_position_and_log_time_after_it_is_rerouted():
    [misrouted] = decode_batch(Batch("video_actions_stream", 1, [action_record(ACTION, 9, 1)]), LOG)
    assert misrouted.misrouted
    assert list(actions_of([misrouted])) == []
    record = action_record(ACTION, 70, 3, rerouting_headers(misrouted.record, LOG))
    record.timestamp = 1_800_000_000_000
    [rerouted] = decode_batch(Batch("video_actions_stream", 3, [record]), LOG)
    assert rerouted.source_offset == SourceOffset(rerouted_source(1, 3), 9)
    assert rerouted.action.timestamp == 1_700_000_000.0
    assert not rerouted.misrouted
    assert action_id(rerouted.source_offset, LOG) == action_id(SourceOffset(1, 9), LOG)


@pytest.mark.parametrize("forged", [None, b"", b"one:two", b"1:2:3", b"99999999999999999999:1", b"\xff"])
def test_malformed_rerouting_headers_are_ignored(forged):
    headers = (("recomind-origin", forged), ("recomind-logged-at", b"1"))
    [decoded] = decode_batch(Batch("video_actions_stream", 3, [action_record(ACTION, 5, 3, headers)]), LOG)
    assert decoded.source_offset == SourceOffset(3, 5)


def test_a_copy_that_another_number_of_partitions_misroutes_is_not_rerouted_as_its_original_is():
    """With 5 partitions, the user of partition 3 of 4 is in partition 1."""
    log = replace(LOG, partitions=5)
    original = action_record(ACTION, 9, 2)
    copy = action_record(ACTION, 5, 3, rerouting_headers(original, LOG))
    decoded = [decode_record(record, log) for record in (original, copy)]
    assert [one.misrouted for one in decoded] == [True, True]
    assert [one.record for one, _ in to_reroute(decoded)] == [original]
    assert list(events_of(decoded)) == []


MIRRORED = rerouting_headers(action_record(ACTION, 9, 1), replace(LOG, log_id="other cluster/topic"))


@pytest.mark.parametrize("headers", [MIRRORED, MIRRORED[:2]], ids=["proof of another log", "no proof"])
def test_headers_without_proof_that_a_worker_of_this_log_wrote_them_are_ignored(headers):
    decoded = decode_record(action_record(ACTION, 5, 3, headers), LOG)
    assert (decoded.source_offset, decoded.rerouted) == (SourceOffset(3, 5), False)


def test_headers_without_proof_count_in_records_from_before_the_upgrade():
    log = replace(LOG, unproven_until=1_700_000_000.1)
    before = action_record(ACTION, 5, 3, MIRRORED[:2])
    after = action_record(ACTION, 6, 3, MIRRORED[:2])
    after.timestamp += 200
    found = [decode_record(record, log).source_offset for record in (before, after)]
    assert found == [SourceOffset(rerouted_source(1, 3), 9), SourceOffset(3, 6)]
    assert decode_record(action_record(ACTION, 5, 3, MIRRORED), log).source_offset == SourceOffset(3, 5)


def test_signals_survive_encoding():
    signals = [ActionSignal("v", 0, 1, 2.0, "u", "like", False, ("w",)), TransitionSignal("w", 0, 1, 2.0, "v", 1)]
    erasure = ErasureSignal("u", {0: 1}, 7)
    records = [action_record(encode_signals([signals[0], erasure])), action_record(encode_signals(signals[1:]))]
    assert decode_signal_batch(Batch("video_signals", 0, records)) == (signals, [erasure], 0)


def test_a_batch_names_the_unknown_fields_of_its_actions():
    UNKNOWN_FIELDS.names.clear()
    known, unknown = action_record(ACTION, 5, 3), action_record(ACTION[:-1] + b',"mood":1}', 6, 3)
    decode_batch(Batch("video_actions_stream", 3, [known, unknown]), LOG)
    assert UNKNOWN_FIELDS.names == {"mood"}
