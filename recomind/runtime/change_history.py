"""How a compacted topic holds the history of changes beside the latest value of each key.

A change is written twice: under a key of its own, which no later change replaces, and then under the key that it
changes.
"""

from typing import Final
from uuid import uuid4

from aiokafka import ConsumerRecord

MAX_HISTORY: Final = 500
"""Changes that are remembered, the latest."""

_SEPARATOR: Final = b"@"
"""Between the changed key and the id of the change; no name of a setting, rule or scenario has it."""


def keys_of_change(key: bytes) -> tuple[bytes, bytes]:
    """The keys of both records of a change, in the order in which they are sent."""
    return key + _SEPARATOR + uuid4().hex.encode(), key


def is_history(record: ConsumerRecord) -> bool:
    """Whether a record is of the history."""
    return _SEPARATOR in (record.key or b"")
