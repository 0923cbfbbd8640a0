"""Likes in profiles that an earlier version has folded: it did not count how often a user liked a video again.

Nor did it store when the first of these likes was, how long views lasted, and the local contexts of actions. Of users
who acted while such a version ran, these are not compared, and neither is what an undo of them subtracted. Everything
else is.
"""

from collections.abc import Mapping, Set
from typing import Final

from msgspec.structs import replace

from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like, Reaction

OLD_REPEATS_NOTE: Final = (
    "{} users: how often they liked a video again, and how long they watched, is not compared: an earlier version did "
    "not store that"
)


def accept_old_likes(expected: dict[str, Profile], found: Mapping[str, Profile], old_users: Set[str]) -> set[str]:
    """Expect the likes that were found of users whose likes an earlier version has folded.

    Args:
        expected: recomputed from the log, by user; changed.
        found: by user.
        old_users: who acted while an earlier version may have run.

    Returns:
        The users of whom something is not compared.
    """
    accepted = set[str]()
    for user_id in old_users & expected.keys() & found.keys():
        own, stored = expected[user_id], found[user_id]
        if _compared(own) == _compared(stored):
            continue
        known = all(map(_may_be_older, own.likes, stored.likes)) and own.like_count <= stored.like_count
        known = known and all(map(_may_lack_time, own.reactions, stored.reactions))
        if known and _without_repeats(own) == _without_repeats(stored):
            counts = {"like_count": stored.like_count, "other_count": stored.other_count}
            expected[user_id] = replace(
                own, likes=stored.likes, reactions=stored.reactions, local=stored.local, **counts
            )
            accepted.add(user_id)
    return accepted


def _may_lack_time(expected: Reaction, found: Reaction) -> bool:
    """Whether a reaction differs in nothing but a watch time that was not stored."""
    return found.watched in {None, expected.watched}


def _may_be_older(expected: Like, found: Like) -> bool:
    """Whether a like differs in nothing but repeats that were not counted, and its local context."""
    return found.repeats <= expected.repeats if expected.repeats else found == replace(expected, local=found.local)


def _compared(profile: Profile) -> tuple[object, ...]:
    return profile.likes, profile.like_count, profile.reactions, profile.local


def _without_repeats(profile: Profile) -> Profile:
    likes = tuple([replace(one, first_at=None, repeats=0, local=NO_LOCAL_CONTEXT) for one in profile.likes])
    reactions = tuple([replace(one, watched=None) for one in profile.reactions])
    profile = replace(profile, reactions=reactions, local=NO_LOCAL_CONTEXT, seen=b"", seen_blocks=0)
    return replace(profile, likes=likes, like_count=profile.like_count + profile.other_count, other_count=0)
