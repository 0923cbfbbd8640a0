"""The context of an action: a small object in which a producer says where and how the user met the video.

It is kept in the log and in PostgreSQL as JSON. Its size is bounded, and its values are plain, so that PostgreSQL keeps
each of them as it was sent.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Final

import msgspec

from recomind.model.text import InvalidFieldError, is_printable

ContextValue = str | int | float | bool | None

MAX_ENTRIES: Final = 16
MAX_KEY_LENGTH: Final = 64
MAX_CONTEXT_BYTES: Final = 1024
"""Longest context, as JSON without blanks."""

MAX_NUMBER: Final = 1e15
"""Largest number and its negative: integers up to there are exact as floats."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, ContextValue]).decode


def read_context(text: str) -> dict[str, ContextValue]:
    """A context from JSON that `context_json` or PostgreSQL wrote."""
    return _decode(text)


def context_json(context: Mapping[str, ContextValue]) -> str:
    """A context as JSON, with its keys in order.

    Raises:
        InvalidFieldError: it has too many entries, or one with a key or value that is not allowed, or is too long.

    >>> context_json({"device": "phone", "country": "DE"})
    '{"country":"DE","device":"phone"}'
    """
    if len(context) > MAX_ENTRIES:
        raise InvalidFieldError("context", f"context has {len(context)} entries: at most {MAX_ENTRIES}")
    for key, value in context.items():
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not is_printable(key):
            raise InvalidFieldError("context", f"a key of context has 1 to {MAX_KEY_LENGTH} printable characters")
        if isinstance(value, str) and not is_printable(value):
            raise InvalidFieldError("context", f"context: the text of {key} has unprintable characters")
        if isinstance(value, int | float) and not (isfinite(value) and abs(value) <= MAX_NUMBER):
            raise InvalidFieldError("context", f"context: the number of {key} is larger than {MAX_NUMBER:.0e}")
    found = _encode(context)
    if len(found) > MAX_CONTEXT_BYTES:
        raise InvalidFieldError("context", f"context has {len(found)} bytes: at most {MAX_CONTEXT_BYTES}")
    return found.decode()
