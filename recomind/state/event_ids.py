"""Hashes of the latest event ids of a user, packed one after the other: an action sent twice counts once."""

from struct import pack
from typing import Final
from uuid import UUID

from recomind.state.fingerprints import position

MAX_EVENT_IDS: Final = 128
"""How many of the latest event ids are recognised when they are sent again; 8 bytes each."""


def contains_id(packed: bytes, event_id: UUID | None) -> bool:
    """Whether the hash of an event id is among packed ones."""
    return event_id is not None and position(packed, _hash(event_id)) >= 0


def with_id(packed: bytes, event_id: UUID | None) -> bytes:
    """The packed hashes with that of one more event id; beyond `MAX_EVENT_IDS` the earliest is dropped."""
    return packed if event_id is None else (packed + _hash(event_id))[-8 * MAX_EVENT_IDS :]


def _hash(event_id: UUID) -> bytes:
    """64 bits of a UUID: both halves combined, since UUID versions have their random bits in different places."""
    return pack("<Q", (event_id.int >> 64) ^ (event_id.int & (1 << 64) - 1))
