"""How a compacted topic holds the history of changes beside the latest value of each key.

A change is written twice: under a key of its own, which no later change replaces, and then under the key that it
changes. Changes that the history has no room for get tombstones with the next change, so the topic stays bounded.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar
from uuid import uuid4

from aiokafka import ConsumerRecord

from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.producer import ProducerRecord

Change = TypeVar("Change")

MAX_HISTORY: Final = 500
"""Changes that are remembered, the latest."""

_SEPARATOR: Final = b"@"
"""Between the changed key and the id of the change; no name of a setting, rule, scenario or experiment has it."""


def is_history(record: ConsumerRecord) -> bool:
    """Whether a record is of the history."""
    return _SEPARATOR in (record.key or b"")


class ChangeHistory(Generic[Change]):
    """The history of a topic, as its records say it."""

    def __init__(self, read: Callable[[ConsumerRecord], Change | None]) -> None:
        """Begin without a change.

        Args:
            read: what a record holds; None if this version cannot read it.
        """
        self._read = read
        self._changes: dict[bytes, Change | None] = {}
        """Key of a record of the history to its change, the earliest first; None for what cannot be read."""

    @property
    def latest(self) -> list[Change]:
        """The latest changes, the earliest first, at most `MAX_HISTORY`."""
        known = [change for change in self._changes.values() if change is not None]
        return known[-MAX_HISTORY:]

    def apply(self, record: ConsumerRecord) -> bool:
        """Apply a record if it is of the history, and return whether it is.

        Raises:
            NewerEncodingError: a newer RecoMind wrote it.
        """
        if not is_history(record):
            return False
        key = record.key or b""
        if record.value is None:
            self._changes.pop(key, None)
        else:
            self._changes[key] = self._read(record)
        return True

    def records_of(self, changes: Mapping[bytes, bytes]) -> Sequence[ProducerRecord]:
        """The records of changes that are made together, in the order in which they are to be sent.

        Args:
            changes: the changed keys, and what is written under each.
        """
        surplus = islice(self._changes, max(0, len(self._changes) + len(changes) - MAX_HISTORY))
        records = [ProducerRecord(old, None, VERSION_HEADERS) for old in surplus]
        for key, content in changes.items():
            own_key = key + _SEPARATOR + uuid4().hex.encode()
            records += [ProducerRecord(one, content, VERSION_HEADERS) for one in (own_key, key)]
        return records
