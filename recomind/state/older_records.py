"""Records of likes and other feedback that are no longer among the latest of a profile, packed one after the other.

A record has 16 bytes: the video's fingerprint, a byte that says what it is, the local context, and an event time. What
was added later is valid: a record that says "undone" ends what an earlier one says.

    fingerprint   kind   local or repeats   event time
    0             4      5                  8           16

A like that was repeated has a second record before its own, which holds how often, and when it was last. The time in a
like's own record is that of the like which popularity counts.
"""

from struct import Struct, pack
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.model.action_types import FEEDBACK_CODES
from recomind.model.ids import VideoId
from recomind.state.fingerprints import video_hash
from recomind.state.profile_entries import Feedback, Like

_RECORD: Final = Struct("<IB3sd")

RECORD_SIZE: Final = _RECORD.size
"""Bytes of a record."""

_TYPE: Final = 0x0F
"""Bits of the kind with the type: 0 for a like, else the code of the feedback and 1."""

_UNDONE: Final = 0x10
"""The user has undone it: what earlier records of the same video and type say has ended."""

_SERVED: Final = 0x20
"""The like was counted as the outcome of a served list."""

_REPEATED: Final = 0x40
"""The record before it says how often the like was repeated."""

_REPEATS: Final = 0x80
"""Such a record; it is found by the like that follows it only."""

_MAX_REPEATS: Final = 2**24 - 1


class OlderEntry(NamedTuple):
    """What records say of a video and a type of action."""

    entry: Like | Feedback | None
    """None if it was undone."""
    is_served: bool = False
    """Whether it is a like that was counted as the outcome of a served list."""


def type_code(action_type: str) -> int:
    """The code of a type in records.

    >>> type_code("like"), type_code("dislike")
    (0, 1)
    """
    return 0 if action_type == "like" else 1 + FEEDBACK_CODES[action_type]


def with_entry(records: bytes, entry: Like | Feedback, *, is_served: bool = False) -> bytes:
    """Records with an entry that a profile drops, in place of an earlier one of the same video and type."""
    fingerprint = video_hash(entry.video_id)
    if isinstance(entry, Feedback):
        code = 1 + entry.code
        return _without(records, fingerprint, code) + _RECORD.pack(fingerprint, code, b"", entry.timestamp)
    kind = _SERVED * is_served | _REPEATED * bool(entry.repeats)
    before = b""
    if entry.repeats:
        repeats = min(entry.repeats, _MAX_REPEATS).to_bytes(3, "little")
        before = _RECORD.pack(fingerprint, _REPEATS, repeats, entry.timestamp)
    own = _RECORD.pack(fingerprint, kind, entry.local.encode(), entry.counted_at)
    return _without(records, fingerprint, 0) + before + own


def with_undone(records: bytes, video_id: str, code: int) -> bytes:
    """Records that say that a user has undone what earlier ones, or those in blocks, say of a video and a type."""
    fingerprint = video_hash(video_id)
    return _without(records, fingerprint, code) + _RECORD.pack(fingerprint, code | _UNDONE, b"", 0.0)


def with_latest_served(records: bytes) -> bytes:
    """Records whose latest, a like, was counted as the outcome of a served list."""
    at = len(records) - RECORD_SIZE + 4
    return records[:at] + bytes([records[at] | _SERVED]) + records[at + 1 :]


def find(records: bytes, video_id: str, code: int) -> OlderEntry | None:
    """What the latest record of a video and a type says; None if there is none."""
    at = _position(records, video_hash(video_id), code)
    if at < 0:
        return None
    _, kind, local, timestamp = _RECORD.unpack_from(records, at)
    if kind & _UNDONE:
        return OlderEntry(None)
    if code:
        return OlderEntry(Feedback(VideoId(video_id), code - 1, timestamp))
    latest, repeats = timestamp, 0
    if kind & _REPEATED:
        _, _, packed, latest = _RECORD.unpack_from(records, at - RECORD_SIZE)
        repeats = int.from_bytes(packed, "little")
    first_at = None if timestamp == latest else timestamp
    like = Like(VideoId(video_id), latest, first_at, repeats, local.rstrip(b"\0").decode())
    return OlderEntry(like, bool(kind & _SERVED))


def without_outcomes(records: bytes) -> bytes:
    """Records without what follows from served lists: as a replay of the log of actions alone makes them."""
    found = bytearray(records)
    for at in range(4, len(found), RECORD_SIZE):
        found[at] &= ~_SERVED
    return bytes(found)


def kinds(records: bytes) -> set[tuple[int, int]]:
    """Fingerprint, and type with whether it was undone, of each record of an entry."""
    found = _RECORD.iter_unpack(records)
    return {(fingerprint, kind & (_TYPE | _UNDONE)) for fingerprint, kind, _, _ in found if not kind & _REPEATS}


def fingerprints(records: bytes) -> NDArray[np.uint32]:
    """The fingerprint of each record, shape (records,)."""
    return np.frombuffer(records, "<u4")[:: RECORD_SIZE // 4]


def _position(records: bytes, fingerprint: int, code: int) -> int:
    """Where the latest record of a fingerprint and a type begins; -1 if there is none."""
    packed = pack("<I", fingerprint)
    at = records.rfind(packed)
    while at >= 0:
        if not at % RECORD_SIZE and records[at + 4] & (_TYPE | _REPEATS) == code:
            return at
        at = records.rfind(packed, 0, at + 3)
    return at


def _without(records: bytes, fingerprint: int, code: int) -> bytes:
    """Records without the latest of a fingerprint and a type, which a new one replaces."""
    at = _position(records, fingerprint, code)
    if at < 0:
        return records
    start = at - RECORD_SIZE if records[at + 4] & _REPEATED else at
    return records[:start] + records[at + RECORD_SIZE :]
