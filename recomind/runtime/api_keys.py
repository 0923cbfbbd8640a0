"""API keys: random secrets. The settings hold only the hash of each key, and its scopes.

An entry of RECOMIND_API_KEYS is `name:scope+scope:hash`; entries are separated by commas. The hash is SHA-256 without
salt: a key has 256 random bits, too many to guess.
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

KEY_BYTES: Final = 32

_ENTRY: Final = re.compile(r"([\w.-]{1,64}):((?:read|write|admin)(?:\+(?:read|write|admin))*):([0-9a-f]{64})")


class ApiKey(NamedTuple):
    """A key as the settings describe it, without the secret."""

    name: str
    """Name of its holder, for log lines."""
    scopes: frozenset[str]
    digest: str
    """SHA-256 of the key, hexadecimal."""


def new_key(name: str, scopes: Sequence[str]) -> tuple[str, str]:
    """A new key, and its entry for the settings."""
    key = token_urlsafe(KEY_BYTES)
    return key, f"{name}:{'+'.join(scopes)}:{digest(key)}"


def digest(key: str) -> str:
    """The SHA-256 of a key, hexadecimal.

    >>> digest("secret")[:8]
    '2bb80d53'
    """
    return sha256(key.encode(errors="surrogateescape")).hexdigest()


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of a setting.

    Raises:
        SettingsError: an entry is invalid, or two have the same name; the message has its number, not its text.
    """
    keys = []
    for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            raise SettingsError(
                f"RECOMIND_API_KEYS, entry {number}: not of the form name:read+write:hash; `recomind key` creates one"
            )
        keys.append(ApiKey(parts[1], frozenset(parts[2].split("+")), parts[3]))
    if len({key.name for key in keys}) < len(keys):
        raise SettingsError("RECOMIND_API_KEYS: two entries have the same name")
    return tuple(keys)


def find_key(keys: Iterable[ApiKey], presented: str) -> ApiKey | None:
    """The key with this secret; takes the same time whichever it is, or if there is none."""
    wanted, found = digest(presented), None
    for key in keys:
        if compare_digest(key.digest, wanted):
            found = key
    return found
