"""`recomind verify` accepts what an earlier version has forgotten of likes and feedback, and nothing else."""

import json

import pytest
from msgspec.structs import replace

from recomind.model.log_identity import LogIdentity
from recomind.model.signals import SourceOffset
from recomind.offline.verification.cut_profiles import accept_cut_profiles
from recomind.offline.verification.old_feedback import accept_old_feedback
from recomind.offline.verification.old_likes import accept_old_likes
from recomind.offline.verification.recompute_users import ExpectedOutputs, RecomputedUsers
from recomind.state import profile_fold
from recomind.state.fingerprints import contains, dropped_hash, video_hash
from recomind.state.older_records import with_entry
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.state.user_blocks import UserBlocks
from recomind.stream.codec import decode_record
from tests.unit.stream.records import action_record

BEFORE = [("like", f"v{number}", False) for number in range(130)] + [("share", f"v{one}", False) for one in range(20)]
BEFORE += [("dislike", f"v{number}", False) for number in range(12)]
AFTER = [("like", f"w{number}", False) for number in range(130)] + [("share", f"w{one}", False) for one in range(20)]
AFTER += [
    ("like", "v3", True),
    ("like", "v4", False),
    ("like", "w3", True),
    ("like", "w99", True),
    ("share", "v1", True),
]
AFTER += [("like", "v3", False), ("share", "v2", False), ("like", "v4", True), ("dislike", "v1", True)]
DEPENDS_ON_OLDER = {"v1", "v2", "v3", "v4", "w3"}
LOG = LogIdentity(1)


def records():
    for offset, (kind, video, undo) in enumerate(BEFORE + AFTER):
        sent = {"user_id": "u", "video_id": video, "action_type": kind, "undo": undo}
        yield action_record(json.dumps(sent).encode(), offset, 0)


def folded(known, blocks, some):
    for record in some:
        decoded = decode_record(record, LOG)
        event = decoded.action
        of_user = blocks.of_user("u", known)
        after, _ = profile_fold.apply_event(known, decoded.source_offset, record.offset, event, *of_user)
        known = blocks.seal_after("u", known, after)
    return known


def forgetful(profile):
    """A profile as an earlier version left it: no records, and no fingerprints of dropped likes and feedback."""
    marks = {dropped_hash(video_hash(f"v{number}"), code) for number in range(130) for code in range(8)}
    seen = b"".join(
        profile.seen[at : at + 4]
        for at in range(0, len(profile.seen), 4)
        if int.from_bytes(profile.seen[at : at + 4], "little") not in marks
    )
    return replace(profile, older=b"", older_blocks=0, seen=seen)


@pytest.fixture
def users():
    expected = ExpectedOutputs()
    expected.forgetful_until = 1e12
    recomputed = RecomputedUsers(LOG, expected, {})
    recomputed.apply_records(records())
    recomputed.leave_out_outcomes()
    return recomputed


def stored(*, is_old):
    """The profile and blocks of a worker that went on from those of an earlier version."""
    some, blocks = list(records()), UserBlocks()
    before = folded(Profile(), UserBlocks() if is_old else blocks, some[: len(BEFORE)])
    return folded(forgetful(before) if is_old else before, blocks, some[len(BEFORE) :]), blocks


def test_what_an_earlier_version_has_forgotten_is_accepted(users):
    profile, blocks = stored(is_old=True)
    assert not contains(profile.seen, dropped_hash(video_hash("v0"), 0))
    assert profile != users.profiles["u"]
    assert accept_old_feedback(users, {"u": profile}, blocks.older) == {"u"}
    assert accept_old_likes(users.profiles, {"u": profile}, users.old_users) == {"u"}
    assert accept_cut_profiles(users, {"u": profile}, blocks.seen) == {"u"}
    assert users.profiles == {"u": profile}
    assert (users.older_blocks, users.seen_blocks) == (blocks.older, blocks.seen)


def test_signals_that_depend_on_what_was_forgotten_are_not_compared(users):
    offsets = {SourceOffset(0, at): video for at, (_, video, _) in enumerate(BEFORE + AFTER)}
    assert {offsets[one] for one in users._expected.not_compared} == DEPENDS_ON_OLDER


def test_what_this_version_has_made_is_compared_in_full(users):
    profile, blocks = stored(is_old=False)
    assert accept_old_feedback(users, {"u": profile}, blocks.older) == set()
    assert (users.profiles, users.older_blocks) == ({"u": profile}, blocks.older)


def test_a_record_of_something_that_never_was_and_a_missing_block_are_differences(users):
    profile, blocks = stored(is_old=True)
    false = replace(profile, older=with_entry(profile.older, Like("never", 5.0)))
    assert accept_old_feedback(users, {"u": false}, blocks.older) == set()
    assert accept_old_feedback(users, {"u": profile}, {}) == set()
    users.old_users.clear()
    assert accept_old_feedback(users, {"u": profile}, blocks.older) == set()
