"""`recomind verify` recounts repeated likes as workers do, and accepts what older versions had forgotten."""

import json
from struct import pack

import msgspec
import pytest

from recomind.model.events import Action
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import SourceOffset
from recomind.offline.verification.digests import DigestSet
from recomind.offline.verification.recompute_users import ExpectedOutputs, RecomputedUsers
from recomind.offline.verification.recompute_videos import RecomputedVideos
from recomind.state import profile_fold
from recomind.state.fingerprints import video_hash
from recomind.state.profile import Profile, counted
from recomind.stream.codec import encode_signals
from tests.unit.agents.test_profiles_seen_blocks import Changelogs, Redis, Worker
from tests.unit.stream.records import action_record

LIKED = [*range(500), *range(0, 500, 3), 7, *range(600, 700), 8]
UNDONE = [*range(0, 700, 5), 7, 7, 1234]


def body(number, *, undo=False):
    return json.dumps({"user_id": "me", "video_id": f"v{number}", "action_type": "like", "undo": undo}).encode()


@pytest.fixture
def recomputed():
    """The users recomputed from the log, and the outputs expected from it."""
    expected = ExpectedOutputs()
    users = RecomputedUsers(LogIdentity(1), expected, {})
    users.apply_records([action_record(body(number), offset, 0) for offset, number in enumerate(LIKED)])
    return users, expected


def videos_of(records, expected, cut_users=frozenset()):
    """The videos recomputed from records of signals, and the digests of these."""
    applied = DigestSet()
    videos = RecomputedVideos(0, applied, dropped_likes=expected.dropped_likes, cut_users=cut_users)
    videos.apply_records(records)
    return videos, applied


def causes(expected, applied):
    """The actions whose signals are not those that are expected."""
    return {*expected.missing_from(applied), *applied.missing_from(expected)}


@pytest.mark.parametrize("undone", [[], UNDONE])
async def test_what_a_worker_makes_is_what_verify_expects(recomputed, undone):
    users, expected = recomputed
    bodies = [*map(body, LIKED), *(body(number, undo=True) for number in undone), *map(body, undone)]
    users.apply_records([action_record(one, at, 0) for at, one in enumerate(bodies) if at >= len(LIKED)])
    worker, sent = Worker(Changelogs(), Redis()), []

    async def note(topic, records):
        sent.extend(action_record(one.value, 0, 0, one.headers) for some in records.values() for one in some)

    worker.app.send_records = note
    for start in range(0, len(bodies), 150):
        await worker.process(bodies[: start + 150], start)
    assert counted(worker.profiles[0, "me"]) == users.profiles["me"]
    assert dict(worker.blocks.items(0)) == users.seen_blocks
    assert dict(worker.older.items(0)) == users.older_blocks
    assert len(users.older_blocks) > 10
    videos, applied = videos_of(sent, expected)
    assert causes(expected.signals, applied) == set()
    assert len(expected.dropped_likes) > 100
    assert videos.old_first_likes == set()
    assert {one.first_likes for one in videos.popularity.values()} == {1}


def old_signals():
    """The signals of a version that forgot all likes but the latest 48, an action after the other."""
    user = Profile()
    for offset, number in enumerate(LIKED):
        before, video_id = user, f"v{number}"
        user, signals = profile_fold.fold(before, SourceOffset(0, offset), Action("me", video_id, "like", 1.7e9))
        known = pack("<I", video_hash(video_id))
        user = msgspec.structs.replace(user, seen=before.seen if known in before.seen else before.seen + known)
        yield encode_signals([msgspec.structs.replace(signals[0], is_repeated_like=False), *signals[1:]])


@pytest.mark.parametrize("headers", [(), (("v", b"1"),), (("v", b"2"),)])
@pytest.mark.parametrize("cut_users", [frozenset(), {"me"}])
def test_likes_that_a_forgetful_worker_took_for_first_ones_are_accepted(recomputed, headers, cut_users):
    """Of version 0.2 or older; or of this one, if it has the user's profile from such a version."""
    records = [action_record(one, 0, 0, headers) for one in old_signals()]
    videos, applied = videos_of(records, recomputed[1], cut_users)
    differing = causes(recomputed[1].signals, applied)
    assert len(differing) > 100
    is_known = headers != (("v", b"2"),) or cut_users
    assert videos.old_first_likes == (differing if is_known else set())
