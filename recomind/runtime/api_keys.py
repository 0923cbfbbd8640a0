"""API keys: random secrets that only their holders know; the settings hold a hash and what each may do.

An entry of RECOMIND_API_KEYS is `name:scope+scope:hash`; entries are separated by commas. The hash is SHA-256 without
salt: a key holds 256 random bits, which nobody finds by guessing.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Final, NamedTuple

from recomind.errors import SettingsError

READ: Final = "read"
WRITE: Final = "write"
ADMIN: Final = "admin"
SCOPES: Final = (READ, WRITE, ADMIN)

_ENTRY: Final = re.compile(r"([\w.-]{1,64}):((?:read|write|admin)(?:\+(?:read|write|admin))*):([0-9a-f]{64})")


class ApiKey(NamedTuple):
    """What is known of a key."""

    name: str
    """Whose it is; names the holder in the worker's log."""
    scopes: frozenset[str]
    digest: str
    """SHA-256 of the key, hexadecimal."""


def new_key(name: str, scopes: Sequence[str]) -> tuple[str, str]:
    """A new key, and its entry in the settings."""
    key = token_urlsafe(32)
    return key, f"{name}:{'+'.join(scopes)}:{digest(key)}"


def digest(key: str) -> str:
    """What is kept of a key.

    >>> digest("secret")[:8]
    '2bb80d53'
    """
    return sha256(key.encode(errors="surrogateescape")).hexdigest()


def read_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of a setting.

    Raises:
        SettingsError: an entry is none, or a name comes twice; the message tells its place, not its text.
    """
    found = []
    for place, entry in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            raise SettingsError(
                f"RECOMIND_API_KEYS, entry {place}: not of the form name:read+write:hash; `recomind key` makes one"
            )
        found.append(ApiKey(parts[1], frozenset(parts[2].split("+")), parts[3]))
    if len({key.name for key in found}) < len(found):
        raise SettingsError("RECOMIND_API_KEYS: two entries have one name")
    return tuple(found)


def find(keys: Iterable[ApiKey], presented: str) -> ApiKey | None:
    """The key that was presented, found in a time that does not depend on which or whether."""
    asked, found = digest(presented), None
    for key in keys:
        if compare_digest(key.digest, asked):
            found = key
    return found
