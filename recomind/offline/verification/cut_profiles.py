"""Profiles that RecoMind 0.2 or older has cut: it kept the last 400 videos seen, and no blocks.

It also kept no fingerprints of the likes that it dropped. Later versions kept none of dropped feedback, and could not
undo it. What is missing because of that cannot be compared. Everything else of these profiles is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.offline.verification.recompute_users import RecomputedUsers
from recomind.state.fingerprints import dropped_hash, like_hash, rejection_hash, undone_hash
from recomind.state.older_records import type_code
from recomind.state.profile import MAX_SEEN, Profile
from recomind.state.seen_blocks import BLOCK_SIZE, SeenBlock, block_keys, complete

OLD_MAX_SEEN: Final = 400
"""How many videos an older version kept."""

_OLD_MARKS: Final = (like_hash(0), undone_hash(0), *(dropped_hash(0, type_code(one)) for one in FEEDBACK_TYPES))
"""Bits of the fingerprints of dropped likes, and of what earlier versions did not mark either."""

CUT_PROFILES_NOTE: Final = (
    "{} users: the videos seen, liked or rejected first are not compared, as an earlier version may have dropped them"
)


def accept_cut_profiles(
    users: RecomputedUsers, profiles: Mapping[str, Profile], blocks: Mapping[str, SeenBlock]
) -> set[str]:
    """Expect the profiles and blocks that were found of each user whose profile was cut.

    Args:
        users: recomputed from the log; changed.
        profiles: found, by user.
        blocks: found, by key.

    Returns:
        These users.
    """
    accepted = set[str]()
    for user_id, expected in users.profiles.items():
        found, expected_keys = profiles.get(user_id), block_keys(user_id, expected.seen_blocks)
        if found is None or (
            found == expected and all(users.seen_blocks[key] == blocks.get(key) for key in expected_keys)
        ):
            continue
        own = {key: blocks.get(key) for key in block_keys(user_id, found.seen_blocks)}
        whole = [block for block in own.values() if block is not None and len(block.seen) == 4 * BLOCK_SIZE]
        is_old = user_id in users.old_users  # what was forgotten could not be undone: rejections, too
        if len(whole) == len(own) and _is_cut(users.complete(user_id), found, complete(found, whole).seen, is_old):
            for key in expected_keys:
                del users.seen_blocks[key]
            users.profiles[user_id] = found
            users.seen_blocks.update(zip(own, whole, strict=True))
            accepted.add(user_id)
    return accepted


def _is_cut(expected: Profile, found: Profile, found_seen: bytes, is_old: bool) -> bool:
    """Whether a profile lacks nothing but videos that an older version may have dropped."""
    if len(found.seen) > 4 * OLD_MAX_SEEN or _without_seen(found) != _without_seen(expected):
        return False
    all_seen, known = _fingerprints(expected.seen), _fingerprints(found_seen)
    required = all_seen
    if len(found_seen) >= 4 * MAX_SEEN:
        required = _fingerprints(expected.seen[-4 * (MAX_SEEN - BLOCK_SIZE) :])
    forgotten = _marked(expected.seen, _OLD_MARKS if is_old else _OLD_MARKS[:1])
    not_undone = _marked(found_seen, (rejection_hash(0),)) if is_old else set[int]()
    return required - forgotten <= known <= all_seen | not_undone


def _marked(seen: bytes, marks: Sequence[int]) -> set[int]:
    """The fingerprints of what was dropped, undone or rejected: each is that of a video before it, with other bits."""
    earlier, found = set[int](), set[int]()
    for fingerprint in np.frombuffer(seen, "<u4").tolist():
        is_mark = any(fingerprint ^ mark in earlier for mark in marks)
        (found if is_mark else earlier).add(fingerprint)
    return found


def _without_seen(profile: Profile) -> Profile:
    return msgspec.structs.replace(profile, seen=b"", seen_blocks=0)


def _fingerprints(seen: bytes) -> set[int]:
    return set(np.frombuffer(seen, "<u4").tolist())
