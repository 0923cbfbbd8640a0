"""Profiles that an older version has cut are compared as far as they can be; nothing else passes for one."""

from struct import pack

import msgspec
import pytest

from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.verification.cut_profiles import accept_cut_profiles
from recomind.offline.verification.recompute_users import ExpectedOutputs, RecomputedUsers
from recomind.state import profile_fold
from recomind.state.fingerprints import video_hash
from recomind.state.profile import Profile
from recomind.state.seen_blocks import seal_after


def fold(before, blocks, numbers):
    """The state after views of these videos, by the current version."""
    for number in numbers:
        after, _ = profile_fold.fold(before, SourceOffset(0, number), Action("u", f"v{number}", "view", float(number)))
        before, changed = seal_after("u", before, after)
        blocks |= changed
    return before


def recomputed(count):
    users = RecomputedUsers(4, ExpectedOutputs(), {})
    users.profiles["u"] = fold(Profile(), users.seen_blocks, range(count))
    return users


def cut(count):
    """The profile of the older version after views of `count` videos: without blocks, at most 400 videos."""
    blocks = {}
    user = fold(Profile(), blocks, range(count))
    seen = b"".join([*(block.seen for block in blocks.values()), user.seen])
    return msgspec.structs.replace(user, seen=seen[-1600:], seen_blocks=0)


@pytest.mark.parametrize("before", [390, 400, 401, 450, 1000])
@pytest.mark.parametrize("later", [0, 1, 100, 900])
def test_a_profile_that_was_cut_is_expected_as_it_is(before, later):
    blocks = {}
    found = fold(cut(before), blocks, range(before, before + later))
    users = recomputed(before + later)
    is_same = (users.profiles["u"], users.seen_blocks) == (found, blocks)
    assert accept_cut_profiles(users, {"u": found}, blocks) == (set() if is_same else {"u"})
    assert users.profiles == {"u": found}
    assert users.seen_blocks == blocks


def found_state(count):
    users = recomputed(count)
    return users.profiles["u"], dict(users.seen_blocks)


def without_a_block():
    user, blocks = found_state(2000)
    del blocks[min(blocks)]
    return user, blocks


def with_a_short_block():
    user, blocks = found_state(2000)
    blocks[min(blocks)] = msgspec.structs.replace(blocks[min(blocks)], seen=bytes(4))
    return user, blocks


def without_the_latest_videos():
    user, blocks = found_state(2000)
    return msgspec.structs.replace(user, seen=user.seen[:-4]), blocks


def with_a_video_that_is_not_in_the_log():
    user, blocks = found_state(2000)
    return msgspec.structs.replace(user, seen=user.seen + bytes(4)), blocks


def with_another_difference():
    return msgspec.structs.replace(cut(2000), view_count=1), {}


def with_too_few_videos():
    user = cut(2000)
    return msgspec.structs.replace(user, seen=user.seen[-4 * 200 :]), {}


@pytest.mark.parametrize(
    "changed",
    [
        without_a_block,
        with_a_short_block,
        without_the_latest_videos,
        with_a_video_that_is_not_in_the_log,
        with_another_difference,
        with_too_few_videos,
    ],
)
def test_other_differences_stay(changed):
    users, before = recomputed(2000), recomputed(2000)
    user, blocks = changed()
    assert accept_cut_profiles(users, {"u": user}, blocks) == set()
    assert (users.profiles, users.seen_blocks) == (before.profiles, before.seen_blocks)


def likes(count, is_old):
    """The profile and blocks after likes of `count` videos; the older version kept nothing of the likes it dropped."""
    user, blocks = Profile(), {}
    for number in range(count):
        before = user
        user, _ = profile_fold.fold(before, SourceOffset(0, number), Action("u", f"v{number}", "like", float(number)))
        if is_old:
            user = msgspec.structs.replace(user, seen=before.seen + pack("<I", video_hash(f"v{number}")))
        else:
            user, changed = seal_after("u", before, user)
            blocks |= changed
    return user, blocks


def test_a_profile_without_fingerprints_of_dropped_likes_is_expected_as_it_is():
    users = RecomputedUsers(4, ExpectedOutputs(), {})
    users.profiles["u"], blocks = likes(350, is_old=False)
    users.seen_blocks.update(blocks)
    assert users.seen_blocks
    old, _ = likes(350, is_old=True)
    assert accept_cut_profiles(users, {"u": old}, {}) == {"u"}
    assert (users.profiles, users.seen_blocks) == ({"u": old}, {})


def test_a_profile_without_a_video_that_was_liked_is_a_difference():
    users = RecomputedUsers(4, ExpectedOutputs(), {})
    users.profiles["u"], blocks = likes(100, is_old=False)
    users.seen_blocks.update(blocks)
    old, _ = likes(100, is_old=True)
    assert accept_cut_profiles(users, {"u": msgspec.structs.replace(old, seen=old.seen[4:])}, {}) == set()
