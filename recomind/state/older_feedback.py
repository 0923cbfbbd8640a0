"""State of what a user has liked, and given as other feedback, without a bound: so that each of it can be undone.

A profile holds the latest likes and feedback as entries. One that it drops becomes a record of 16 bytes in
`Profile.older`; when there are `MAX_RECORDS`, all of them move out as a block, which never changes again. Blocks are
read only where a fingerprint says that the profile has dropped something of a video and a type, and only if the user
does the same again or undoes it. So all other actions cost the same, however much a user has liked. The same actions in
the same order give the same blocks. (`docs/decisions/0086-undo-of-any-age.md`)
"""

from collections import OrderedDict
from collections.abc import Callable
from struct import pack
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.model.action_types import REJECTIONS
from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.ids import VideoId
from recomind.state import older_records
from recomind.state.fingerprints import (
    InBlocks,
    contains,
    dropped_hash,
    no_blocks,
    rejection_hash,
    undone_hash,
    video_hash,
)
from recomind.state.older_records import RECORD_SIZE, OlderEntry, type_code
from recomind.state.profile import Profile, remembers, without_fingerprint
from recomind.state.profile_entries import Feedback, Like
from recomind.state.seen_blocks import changed_blocks

MAX_RECORDS: Final = 32
"""With so many records in `Profile.older`, they are sealed into a block."""

MAX_SEARCHED: Final = 256
"""How many users' blocks are held ready to be searched."""

InOlder = Callable[[str, int], OlderEntry | None]
"""What a user's blocks of older feedback say of a video and the code of a type, see `OlderSearch`."""


def not_in_older(_video_id: str, _code: int) -> OlderEntry | None:
    """For users without blocks."""
    return None


class OlderFeedback(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A block of records of likes and other feedback that a profile no longer holds."""

    applied_offsets: AppliedOffsets
    """Of the profile when the block was sealed."""
    records: bytes
    """`MAX_RECORDS` or one more, oldest first; see `older_records`."""


def drop(seen: bytes, older: bytes, served_likes: bytes, entry: Like | Feedback) -> tuple[bytes, bytes, bytes]:
    """The fields `seen`, `older` and `served_likes` of a profile that no longer holds an entry."""
    fingerprint = video_hash(entry.video_id)
    is_like = isinstance(entry, Like)
    is_served = is_like and contains(served_likes, fingerprint)
    if is_served:
        served_likes = without_fingerprint(served_likes, fingerprint)
    dropped = dropped_hash(fingerprint, 0 if isinstance(entry, Like) else 1 + entry.code)
    seen = seen if contains(seen, dropped) else seen + pack("<I", dropped)
    return seen, older_records.with_entry(older, entry, is_served=is_served), served_likes


def was_dropped(profile: Profile, video_id: str, action_type: str, in_blocks: InBlocks) -> bool:
    """Whether the profile has ever dropped a like of a video, or feedback of this type on it."""
    return remembers(profile, dropped_hash(video_hash(video_id), type_code(action_type)), in_blocks)


def is_older(profile: Profile, video_id: str, action_type: str, in_blocks: InBlocks) -> bool:
    """Whether an undo has to be remembered as a record: what it undoes may be in records or fingerprints of blocks."""
    if was_dropped(profile, video_id, action_type, in_blocks):
        return True
    return action_type in REJECTIONS and profile.seen_blocks > 0 and in_blocks(rejection_hash(video_hash(video_id)))


def find_dropped(
    profile: Profile, video_id: str, action_type: str, in_blocks: InBlocks, in_older: InOlder
) -> OlderEntry:
    """What the profile has dropped and the user has not undone since.

    Of a like that an earlier version dropped, only the fingerprint is known. It has the event time 0, which is in no
    window and adds nothing to scores: an undo takes it out of the counts alone.
    """
    if not was_dropped(profile, video_id, action_type, in_blocks):
        return OlderEntry(None)
    found = find(profile, video_id, action_type, in_older)
    if found is not None:
        return found
    is_known = action_type == "like" and not remembers(profile, undone_hash(video_hash(video_id)), in_blocks)
    return OlderEntry(Like(VideoId(video_id), 0.0) if is_known else None)


def find(profile: Profile, video_id: str, action_type: str, in_older: InOlder) -> OlderEntry | None:
    """The latest record of a video and a type, first in the profile, then in its blocks; None if there is none."""
    code = type_code(action_type)
    found = older_records.find(profile.older, video_id, code)
    return in_older(video_id, code) if found is None and profile.older_blocks else found


def is_rejected(
    profile: Profile, video_id: str, in_blocks: InBlocks = no_blocks, in_older: InOlder = not_in_older
) -> bool:
    """Whether the user has disliked or reported a video, or is not interested in it, and has not undone that since."""
    if not remembers(profile, rejection_hash(video_hash(video_id)), in_blocks):
        return False
    if has_rejection(profile, video_id, in_blocks, in_older):
        return True
    return all(find(profile, video_id, one, in_older) is None for one in REJECTIONS)  # of an earlier version


def has_rejection(profile: Profile, video_id: str, in_blocks: InBlocks, in_older: InOlder) -> bool:
    """Whether the profile holds, or has dropped, a rejection of a video that was not undone."""
    codes = {type_code(one) - 1 for one in REJECTIONS}
    if any(one.video_id == video_id and one.code in codes for one in profile.feedback):
        return True
    found = [find_dropped(profile, video_id, one, in_blocks, in_older) for one in sorted(REJECTIONS)]
    return any(one.entry is not None for one in found)


def counted_block(block: OlderFeedback) -> OlderFeedback:
    """The block without what follows from served lists, as `profile.counted` leaves it out."""
    return OlderFeedback(block.applied_offsets, older_records.without_outcomes(block.records))


def seal(profile: Profile) -> tuple[Profile, OlderFeedback | None]:
    """Move the records into a block, if there are `MAX_RECORDS`. It follows each fold.

    Returns:
        The profile, and the block with the number `profile.older_blocks` of the profile before, or None.
    """
    if len(profile.older) < RECORD_SIZE * MAX_RECORDS:
        return profile, None
    after = msgspec.structs.replace(profile, older=b"", older_blocks=profile.older_blocks + 1)
    return after, OlderFeedback(profile.applied_offsets, profile.older)


class _Searchable(NamedTuple):
    """The fingerprints of a user's first blocks. They are the same as long as the user is not erased again."""

    erasure_offset: int
    blocks: int
    fingerprints: NDArray[np.uint32]
    """Of each record, oldest first."""
    numbers: NDArray[np.uint32]
    """The block of each record."""


_NOTHING: Final = _Searchable(-1, 0, np.empty(0, np.uint32), np.empty(0, np.uint32))


class OlderSearch:
    """Finds records in users' blocks: the fingerprints of a user are compared at once, and one block is read."""

    def __init__(self, block_of: Callable[[str, int], OlderFeedback]) -> None:
        self._block_of = block_of
        """Returns a user's block by number."""
        self._ready: OrderedDict[str, _Searchable] = OrderedDict()

    def of_user(self, user_id: str, profile: Profile) -> InOlder:
        """What the blocks that a profile counts say."""
        return lambda video_id, code: self._find(user_id, profile, video_id, code)

    def _find(self, user_id: str, profile: Profile, video_id: str, code: int) -> OlderEntry | None:
        ready = self._searchable(user_id, profile)
        places = np.flatnonzero(ready.fingerprints == np.uint32(video_hash(video_id)))
        for number in ready.numbers[places[::-1]].tolist():
            found = older_records.find(self._block_of(user_id, number).records, video_id, code)
            if found is not None:
                return found
        return None

    def _searchable(self, user_id: str, profile: Profile) -> _Searchable:
        ready = self._ready.pop(user_id, _NOTHING)
        if ready.erasure_offset != profile.erasure_offset or ready.blocks > profile.older_blocks:
            ready = _NOTHING._replace(erasure_offset=profile.erasure_offset)
        if ready.blocks < profile.older_blocks:
            new = range(ready.blocks, profile.older_blocks)
            more = [older_records.fingerprints(self._block_of(user_id, number).records) for number in new]
            numbers = np.repeat(np.array(new, np.uint32), [len(some) for some in more])
            ready = _Searchable(
                ready.erasure_offset,
                profile.older_blocks,
                np.concatenate([ready.fingerprints, *more]),
                np.concatenate([ready.numbers, numbers]),
            )
        self._ready[user_id] = ready
        if len(self._ready) > MAX_SEARCHED:
            self._ready.popitem(last=False)
        return ready


def seal_after(user_id: str, before: Profile, after: Profile) -> tuple[Profile, dict[str, OlderFeedback | None]]:
    """Seal a profile after an event; returns it, and the changed blocks by key as `seen_blocks.seal_after`."""
    sealed, block = seal(after)
    return sealed, changed_blocks(user_id, before.older_blocks, after.older_blocks, block)
