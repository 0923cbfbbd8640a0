"""Records of merged sessions: which action of which merge they are, and what proves it."""

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest

from recomind.model.events import Action, EraseUser, Note, Rejected
from recomind.model.signals import ActionSignal, ErasureSignal, SourceOffset, merge_source
from recomind.state.profile import Profile
from recomind.state.profile_fold import apply_event
from recomind.stream.codec import decode_record, events_of, merged_sessions, to_reroute
from recomind.stream.merged_actions import MAX_MERGED, merge_note, merged_records
from recomind.stream.partitioner import partition_of
from tests.unit.stream.records import LOG, action_record

SESSION, USER = "session:1", "u"
TARGET = partition_of(USER, 4)
ACTIONS = [Action(SESSION, f"v{number}", "like", 1.6e9 + number, uuid4()) for number in range(3)]


def log_of(*groups, since=100):
    """The log of the user's partition with these records, decoded."""
    records = [one for group in groups for one in group]
    return [
        decode_record(action_record(one.value, since + at, TARGET, one.headers or ()), LOG)
        for at, one in enumerate(records)
    ]


def merged(actions=ACTIONS, merge_offset=7, asked_at=90, log=LOG):
    return [*merged_records(actions, USER, (2, merge_offset), asked_at, log), merge_note(USER, SESSION, merge_offset)]


def fold(decoded, profile=None):
    profile, sent = profile or Profile(), []
    for one, event in events_of(decoded):
        profile, signals = apply_event(profile, one.source_offset, one.log_offset, event)
        sent += signals
    return profile, sent


def test_a_merged_action_is_the_users_with_its_place_in_the_merge():
    *decoded, note = log_of(merged())
    assert [one.action.user_id for one in decoded] == 3 * [USER]
    assert [one.action.merged for one in decoded] == [(merge_source(2), 7 * MAX_MERGED + at) for at in range(3)]
    assert [one.source_offset for one in decoded] == [SourceOffset(TARGET, 100 + at) for at in range(3)]
    assert {one.log_offset for one in decoded} == {90}
    assert [(one.action.video_id, one.action.timestamp, one.action.event_id) for one in decoded] == [
        (one.video_id, one.timestamp, one.event_id) for one in ACTIONS
    ]
    assert note.action == Note(USER, SESSION, 7)
    assert merged_sessions([*decoded, note]) == {SESSION: 7}
    assert list(events_of([note])) == []


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_what_is_written_again_after_a_crash_counts_once(first):
    """Also when so many other events have come between that the profile no longer knows the ids."""
    others = [SimpleNamespace(value=body(number), headers=()) for number in range(200)]
    profile, sent = fold(log_of(merged()[:first], others, merged(), merged()))
    assert (profile.like_count, profile.view_count) == (3, 200)
    counted = [one.video_id for one in sent if isinstance(one, ActionSignal) and one.action_type == "like"]
    assert sorted(counted) == ["v0", "v1", "v2"]
    assert profile.applied_offsets[merge_source(2)] == 7 * MAX_MERGED + 2


def body(number):
    view = {"user_id": USER, "video_id": f"other-{number}", "action_type": "view", "event_id": str(uuid4())}
    return json.dumps(view).encode()


def test_an_erasure_that_was_asked_for_later_includes_the_session_wherever_its_actions_stand():
    forget = [SimpleNamespace(value=b'{"user_id":"u","action_type":"forget"}', headers=())]
    before, _ = fold(log_of(forget, merged(asked_at=90)))  # the erasure is at 100
    assert before.like_count == 0
    after, _ = fold(log_of(forget, merged(asked_at=101)))
    assert after.like_count == 3
    assert fold(log_of(merged(), forget))[0].like_count == 0


def test_headers_without_the_proof_of_this_log_are_ignored():
    mirrored = log_of(merged(log=LOG.__class__(partitions=4, log_id="another")))
    assert [one.action.merged for one in mirrored[:3]] == [None, None, None]
    assert [one.log_offset for one in mirrored] == [100, 101, 102, 103]


def test_control_records_of_sessions():
    decoded = [
        decode_record(action_record(json.dumps(value).encode(), 5, partition_of(SESSION, 4)), LOG).action
        for value in (
            {"user_id": SESSION, "action_type": "merge", "into": "u", "asked_at": 3},
            {"user_id": SESSION, "action_type": "expire"},
        )
    ]
    assert decoded == [EraseUser(SESSION, "u", 3), EraseUser(SESSION, keeps_counts=True)]


@pytest.mark.parametrize(
    "value",
    [
        {"user_id": "u", "action_type": "merge", "into": "u2", "asked_at": 3},
        {"user_id": SESSION, "action_type": "merge", "into": "session:2", "asked_at": 3},
        {"user_id": SESSION, "action_type": "merge", "into": "u", "asked_at": -1},
        {"user_id": SESSION, "action_type": "merge", "into": "u"},
        {"user_id": "u", "action_type": "expire"},
    ],
)
def test_a_record_that_would_merge_or_expire_something_else_is_a_dead_letter(value):
    record = action_record(json.dumps(value).encode(), 5, partition_of(value["user_id"], 4))
    assert isinstance(decode_record(record, LOG).action, Rejected)


def test_a_session_that_expires_is_empty_and_its_signals_stay_valid():
    like = apply_event(Profile(), SourceOffset(0, 1), 1, ACTIONS[0])[0]
    expired, signals = apply_event(like, SourceOffset(0, 2), 2, EraseUser(SESSION, keeps_counts=True))
    assert (expired, signals) == (Profile(applied_offsets={0: 2}, erasure_offset=2), ())
    _, [signal] = apply_event(like, SourceOffset(0, 2), 2, EraseUser(SESSION, "u", 3))
    assert isinstance(signal, ErasureSignal)


def test_a_note_in_a_wrong_partition_is_not_rerouted():
    note = merge_note(USER, SESSION)
    [decoded] = [decode_record(action_record(note.value, 1, (TARGET + 1) % 4), LOG)]
    assert decoded.misrouted
    assert list(to_reroute([decoded])) == []
    assert merged_sessions([decoded]) == {}
