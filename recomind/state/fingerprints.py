"""Fingerprints of videos: 4 bytes each, little-endian, packed one after the other."""

from collections.abc import Callable
from struct import pack
from typing import Final
from zlib import crc32

_LIKED: Final = 0x6C696B65
"""Tells the fingerprint of a like from that of its video."""

_UNDONE: Final = 0x756E646F
"""The same for a like that was undone."""

_REJECTED: Final = 0x72656A65
"""The same for a video that the user rejected."""

_DROPPED: Final = 0x64726F70
"""The same for other feedback that the profile has dropped; the code of its type is added."""

InBlocks = Callable[[int], bool]
"""Whether the user's blocks hold a fingerprint, see `seen_blocks.BlockSearch`."""


def no_blocks(_fingerprint: int) -> bool:
    """For users without blocks."""
    return False


def video_hash(video_id: str) -> int:
    """The 32-bit hash of a video id that stands for a video that was acted on."""
    return crc32(video_id.encode())


def like_hash(video_hash: int) -> int:
    """The hash that stands for a like of a video, which its profile no longer holds as such.

    >>> like_hash(like_hash(7))
    7
    """
    return video_hash ^ _LIKED


def dropped_hash(video_hash: int, code: int) -> int:
    """The hash that stands for a like, or other feedback, that the profile has dropped.

    Args:
        video_hash: of the video.
        code: of the type, see `older_records.type_code`.
    """
    return video_hash ^ (_DROPPED + code) if code else like_hash(video_hash)


def undone_hash(video_hash: int) -> int:
    """The hash that stands for a like of a video that its user has undone, once or more often."""
    return video_hash ^ _UNDONE


def rejection_hash(video_hash: int) -> int:
    """The hash that stands for a video that its user has rejected, as by a dislike."""
    return video_hash ^ _REJECTED


def contains(packed: bytes, fingerprint: int) -> bool:
    """Whether a fingerprint is among packed ones."""
    return position(packed, pack("<I", fingerprint)) >= 0


def position(packed: bytes, item: bytes) -> int:
    """Where `item` begins in `packed`, among items of its size; -1 if it is none of them."""
    at = packed.find(item)
    while at % len(item) and at >= 0:
        at = packed.find(item, at + 1)
    return at
