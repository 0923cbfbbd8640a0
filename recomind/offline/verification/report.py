"""What a verification found: how much was compared, and every difference."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

SHOWN: Final = 20
"""How many differences of a kind are told in full; all are counted."""


class Difference(msgspec.Struct, frozen=True):
    """A value that is not what follows from the log."""

    store: str
    """Where: a table's changelog, a topic, a table of PostgreSQL, a kind of key in Redis."""
    key: str
    expected: str
    found: str


class Report:
    """Collects what was compared and what differs."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()
        """Store to how many values were compared."""
        self.differing: Counter[str] = Counter()
        """Store to how many of them differ."""
        self.differences: list[Difference] = []
        """At most `SHOWN` a store."""
        self.notes: list[str] = []
        """What could not be compared, and why."""

    @property
    def is_clean(self) -> bool:
        """Whether everything is as it follows from the log."""
        return not self.differing

    def equal(self, store: str, key: str, expected: object, found: object) -> None:
        """Compare a value."""
        self.compared[store] += 1
        if expected != found:
            self.differ(store, key, expected, found)

    def same(self, store: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Compare all values of two mappings; a key that one of them lacks is a difference."""
        for key in expected.keys() | found.keys():
            self.equal(store, key, expected.get(key), found.get(key))

    def none_of(self, store: str, keys: Iterable[str], why: str) -> None:
        """Keys that should not be there."""
        for key in keys:
            self.compared[store] += 1
            self.differ(store, key, None, why)

    def differ(self, store: str, key: str, expected: object, found: object) -> None:
        """Note a difference."""
        self.differing[store] += 1
        if self.differing[store] <= SHOWN:
            self.differences.append(Difference(store, key, _told(expected), _told(found)))

    def plain(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "clean": self.is_clean,
            "compared": dict(self.compared),
            "differing": dict(self.differing),
            "differences": self.differences,
            "notes": self.notes,
        }


def _told(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 600 else f"{text[:600]}… ({len(text)} characters)"
