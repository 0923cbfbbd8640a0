"""Likes and feedback that an earlier version has forgotten: it remembered the latest 48 and 8 of a user.

Of users who acted while such a version ran, the records of what their profiles had dropped before are not expected.
"""

from collections.abc import Mapping, Set
from typing import Final

from msgspec.structs import replace

from recomind.offline.verification.recompute_users import RecomputedUsers
from recomind.state.older_feedback import MAX_RECORDS, OlderFeedback
from recomind.state.older_records import RECORD_SIZE, kinds
from recomind.state.profile import Profile
from recomind.state.seen_blocks import block_keys

OLD_FEEDBACK_NOTE: Final = (
    "{} users: likes and feedback that they can undo are not compared: an earlier version remembered the latest only"
)


def accept_old_feedback(
    users: RecomputedUsers, profiles: Mapping[str, Profile], blocks: Mapping[str, OlderFeedback]
) -> set[str]:
    """Expect the records and blocks that were found of users whose likes and feedback an earlier version has forgotten.

    Args:
        users: recomputed from the log; changed.
        profiles: found, by user.
        blocks: found, by key.

    Returns:
        The users of whom records are not compared.
    """
    accepted = set[str]()
    for user_id in users.old_users & users.profiles.keys() & profiles.keys():
        own, stored = users.profiles[user_id], profiles[user_id]
        own_keys, stored_keys = block_keys(user_id, own.older_blocks), block_keys(user_id, stored.older_blocks)
        expected = {key: users.older_blocks[key] for key in own_keys}
        found = {key: blocks[key] for key in stored_keys if key in blocks}
        if own.older == stored.older and expected == found:
            continue
        is_whole = len(found) == len(stored_keys) and all(
            len(one.records) >= MAX_RECORDS * RECORD_SIZE for one in found.values()
        )
        if is_whole and _all_kinds(stored, found) <= _all_kinds(own, expected):
            for key in own_keys:
                del users.older_blocks[key]
            users.older_blocks.update(found)
            users.profiles[user_id] = replace(own, older=stored.older, older_blocks=stored.older_blocks)
            accepted.add(user_id)
    return accepted


def _all_kinds(profile: Profile, blocks: Mapping[str, OlderFeedback]) -> Set[tuple[int, int]]:
    """What the records of a profile and its blocks are about."""
    return kinds(b"".join([*(one.records for one in blocks.values()), profile.older]))
