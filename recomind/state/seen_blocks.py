"""State of what a user has seen, without a bound: blocks of the oldest fingerprints, which never change.

`Profile.seen` holds only the youngest fingerprints. When it has `MAX_SEEN`, the oldest `BLOCK_SIZE` of them move out as
a block of their own. So an action costs the same whatever the user has seen before. The same actions in the same order
give the same blocks: a block that is written again after a crash is the same.
(`docs/decisions/0040-seen-videos-in-sealed-blocks.md`)
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from struct import pack
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np

from recomind.model.applied_offsets import AppliedOffsets
from recomind.state.fingerprints import InBlocks, video_hash
from recomind.state.profile import MAX_SEEN, Profile

Block = TypeVar("Block")
"""A block of seen videos, or of older feedback."""

BLOCK_SIZE: Final = 256
"""Fingerprints of a block."""

_SEPARATOR: Final = "\x1f"
"""Between the parts of a key; an id has only printable characters."""


class SeenBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Fingerprints of videos that a user has acted on, and of likes that the profile no longer holds."""

    applied_offsets: AppliedOffsets
    """Of the profile when the block was sealed."""
    seen: bytes
    """`BLOCK_SIZE` fingerprints, oldest first."""


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
    sealed, block = seal(after)
    return sealed, changed_blocks(user_id, before.seen_blocks, after.seen_blocks, block)


def changed_blocks(user_id: str, before: int, after: int, sealed: Block | None) -> dict[str, Block | None]:
    """The blocks that an event has changed, by key.

    Args:
        user_id: the user.
        before: how many blocks the profile counted before the event.
        after: how many it counts after it: fewer if the event has erased the user.
        sealed: the block that was sealed then; None if there was none.

    Returns:
        None for a block that is gone.
    """
    changes: dict[str, Block | None] = {block_key(user_id, number): None for number in range(after, before)}
    if sealed is not None:
        changes[block_key(user_id, after)] = sealed
    return changes


def complete(profile: Profile, blocks: Iterable[SeenBlock]) -> Profile:
    """The profile with the fingerprints of its blocks: what ranking reads. It is neither folded nor stored."""
    return msgspec.structs.replace(profile, seen=b"".join([*(block.seen for block in blocks), profile.seen]))


def block_of_videos(video_ids: Iterable[str]) -> SeenBlock:
    """One block of any number of videos, for `complete`."""
    return SeenBlock({}, b"".join([pack("<I", video_hash(video_id)) for video_id in video_ids]))


def block_key(user_id: str, number: int) -> str:
    """The key of a block in the table `seen_blocks`."""
    return f"{user_id}{_SEPARATOR}{number}"


def block_keys(user_id: str, count: int) -> list[str]:
    """The keys of a user's first blocks."""
    return [block_key(user_id, number) for number in range(count)]


def block_of_key(key: str) -> tuple[str, int]:
    """User id and number of a block.

    >>> block_of_key(block_key("u", 7))
    ('u', 7)
    """
    user_id, _, number = key.rpartition(_SEPARATOR)
    return user_id, int(number)


MAX_SEARCHED: Final = 256
"""How many users' blocks are held ready to be searched."""


class _Searchable(NamedTuple):
    """The fingerprints of a user's first blocks. They are the same as long as the user is not erased again."""

    erasure_offset: int
    blocks: int
    packed: bytes
    """All of them."""
    slots: Any
    """A hash table: at the last bits of a fingerprint, one that has these; else 0. Shape: a power of two."""
    displaced: set[int]
    """The fingerprints whose slot has another one."""

    def holds(self, fingerprint: int) -> bool:
        """Whether a fingerprint is one of them."""
        return int(self.slots[fingerprint & len(self.slots) - 1]) == fingerprint or fingerprint in self.displaced


_NOTHING: Final = _Searchable(-1, 0, b"", np.ones(1, np.uint32), set())


class BlockSearch:
    """Finds fingerprints in users' blocks, in nearly constant time."""

    def __init__(self, block_of: Callable[[str, int], SeenBlock]) -> None:
        self._block_of = block_of
        """Returns a user's block by number."""
        self._ready: OrderedDict[str, _Searchable] = OrderedDict()

    def of_user(self, user_id: str, profile: Profile) -> InBlocks:
        """Whether the blocks that a profile counts hold a fingerprint."""
        return lambda fingerprint: self._searchable(user_id, profile).holds(fingerprint)

    def _searchable(self, user_id: str, profile: Profile) -> _Searchable:
        ready = self._ready.pop(user_id, _NOTHING)
        if ready.erasure_offset != profile.erasure_offset or ready.blocks > profile.seen_blocks:
            ready = _NOTHING._replace(erasure_offset=profile.erasure_offset)
        if ready.blocks < profile.seen_blocks:
            more = [self._block_of(user_id, number).seen for number in range(ready.blocks, profile.seen_blocks)]
            ready = _with(ready, b"".join(more), profile.seen_blocks)
        self._ready[user_id] = ready
        if len(self._ready) > MAX_SEARCHED:
            self._ready.popitem(last=False)
        return ready


def _with(ready: _Searchable, more: bytes, blocks: int) -> _Searchable:
    """`ready` with the fingerprints of further blocks. The slots are changed in place if there are enough."""
    packed, slots, displaced, added = ready.packed + more, ready.slots, ready.displaced, np.frombuffer(more, "<u4")
    if len(slots) < len(packed):  # four to eight slots for each fingerprint of four bytes
        slots, added = np.zeros(1 << len(packed).bit_length(), np.uint32), np.frombuffer(packed, "<u4")
        displaced = set()
    mask = np.uint32(len(slots) - 1)
    places = added & mask
    before = slots[places]
    slots[places] = added
    slots[0] = slots[0] or 1  # 0 would be found as a fingerprint; 1 belongs to another slot, so it is never found
    after = slots[places]
    is_lost = (before != after) & (before & mask == places) & (before != 0)
    displaced.update(before[is_lost].tolist(), added[added != after].tolist())
    return _Searchable(ready.erasure_offset, blocks, packed, slots, displaced)
