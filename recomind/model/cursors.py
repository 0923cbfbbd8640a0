"""Cursors of feed sessions: which session of which user, and how many of its pages have been handed out.

A client gets a cursor with each page and passes it on as it is. It holds no video: what a session has shown is stored.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

SESSION_BYTES: Final = 12
"""Length of the random id of a session."""

_LAYOUT: Final = Struct(f">{SESSION_BYTES}sIQ")
_CHECK_BYTES: Final = 6
_SALT: Final = b"cursor"
_ENCODED_LENGTH: Final = 4 * (_LAYOUT.size + _CHECK_BYTES) // 3
"""No padding is needed."""


class Cursor(NamedTuple):
    """A place in a session."""

    session: bytes
    """Random."""
    pages: int
    """How many pages have been handed out."""
    at: float
    """When the last of them was, by the clock of the log; epoch seconds, whole milliseconds."""


def encode_cursor(cursor: Cursor, user_id: str) -> str:
    """The text of a user's cursor, for a query parameter.

    >>> encode_cursor(Cursor(bytes(12), 3, 1.7e9), "u1")
    'AAAAAAAAAAAAAAAAAAAAAwAAAYvP5WgAQ6pYHb13'
    """
    packed = _LAYOUT.pack(cursor.session, cursor.pages, round(1000 * cursor.at))
    return urlsafe_b64encode(packed + _check(packed, user_id)).decode()


def decode_cursor(text: str, user_id: str) -> Cursor | None:
    """The cursor of a text; None if it is none of this user.

    >>> decode_cursor(encode_cursor(Cursor(bytes(12), 3, 1.7e9), "u1"), "u1").pages
    3
    >>> decode_cursor(encode_cursor(Cursor(bytes(12), 3, 1.7e9), "u1"), "u2")
    """
    if len(text) != _ENCODED_LENGTH or not text.isascii():
        return None
    try:
        found = urlsafe_b64decode(text)
    except ValueError:
        return None
    packed, check = found[: _LAYOUT.size], found[_LAYOUT.size :]
    if check != _check(packed, user_id):
        return None
    session, pages, at_ms = _LAYOUT.unpack(packed)
    return Cursor(session, pages, at_ms / 1000)


def _check(packed: bytes, user_id: str) -> bytes:
    """Tells cursors of other users, and texts that are no cursors; it is no secret."""
    return blake2b(packed + user_id.encode(), digest_size=_CHECK_BYTES, salt=_SALT).digest()
