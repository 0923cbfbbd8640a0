"""State of what a user has seen, without a bound: blocks of the oldest fingerprints, which never change.

`Profile.seen` holds only the youngest fingerprints. When it has `MAX_SEEN`, the oldest `BLOCK_SIZE` of them move out as
a block of their own. So an action costs the same whatever the user has seen before. The same actions in the same order
give the same blocks: a block that is written again after a crash is the same.
(`docs/decisions/0040-seen-videos-in-sealed-blocks.md`)
"""

from collections.abc import Iterable
from struct import pack
from typing import Final

import msgspec

from recomind.model.applied_offsets import AppliedOffsets
from recomind.state.profile import MAX_SEEN, Profile, video_hash

BLOCK_SIZE: Final = 256
"""Fingerprints of a block."""

_SEPARATOR: Final = "\x1f"
"""Between the parts of a key; an id has only printable characters."""


class SeenBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Fingerprints of videos that a user has acted on."""

    applied_offsets: AppliedOffsets
    """Of the profile when the block was sealed."""
    seen: bytes
    """`video_hash` of each video, 4 bytes each, little-endian, oldest first; `BLOCK_SIZE` of them."""


def seal(profile: Profile) -> tuple[Profile, SeenBlock | None]:
    """Move the oldest fingerprints into a block, if there are `MAX_SEEN`. It follows each fold.

    Returns:
        The profile, and the block with the number `profile.seen_blocks` of the profile before, or None.
    """
    if len(profile.seen) < 4 * MAX_SEEN:
        return profile, None
    oldest, rest = profile.seen[: 4 * BLOCK_SIZE], profile.seen[4 * BLOCK_SIZE :]
    after = msgspec.structs.replace(profile, seen=rest, seen_blocks=profile.seen_blocks + 1)
    return after, SeenBlock(profile.applied_offsets, oldest)


def seal_after(user_id: str, before: Profile, after: Profile) -> tuple[Profile, dict[str, SeenBlock | None]]:
    """Seal a profile after an event.

    Returns:
        The profile, and the changed blocks by key; None for one that is gone, as the event erased the user.
    """
    gone = range(after.seen_blocks, before.seen_blocks)
    changes: dict[str, SeenBlock | None] = {block_key(user_id, number): None for number in gone}
    sealed, block = seal(after)
    if block is not None:
        changes[block_key(user_id, after.seen_blocks)] = block
    return sealed, changes


def complete(profile: Profile, blocks: Iterable[SeenBlock]) -> Profile:
    """The profile with the fingerprints of its blocks: what ranking reads. It is neither folded nor stored."""
    return msgspec.structs.replace(profile, seen=b"".join([*(block.seen for block in blocks), profile.seen]))


def block_of_videos(video_ids: Iterable[str]) -> SeenBlock:
    """One block of any number of videos, for `complete`."""
    return SeenBlock({}, b"".join([pack("<I", video_hash(video_id)) for video_id in video_ids]))


def block_key(user_id: str, number: int) -> str:
    """The key of a block in the table `seen_blocks`."""
    return f"{user_id}{_SEPARATOR}{number}"


def block_of_key(key: str) -> tuple[str, int]:
    """User id and number of a block.

    >>> block_of_key(block_key("u", 7))
    ('u', 7)
    """
    user_id, _, number = key.rpartition(_SEPARATOR)
    return user_id, int(number)
