"""The result of a verification: how much was compared, and the differences."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

MAX_DIFFERENCES_PER_STORE: Final = 20
"""Differences that are listed per store; all are counted."""

MAX_VALUE_CHARACTERS: Final = 600
"""Longer values are cut."""


class Difference(msgspec.Struct, frozen=True):
    """A stored value that differs from the recomputed one."""

    store: str
    """A table's changelog, a topic, a table of PostgreSQL, or a kind of key in Redis."""
    key: str
    expected: str
    found: str


class Report:
    """Counts comparisons and collects differences."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()
        """Number of compared values by store."""
        self.differing: Counter[str] = Counter()
        """Number of differing values by store."""
        self.differences: list[Difference] = []
        """At most `MAX_DIFFERENCES_PER_STORE` per store."""
        self.notes: list[str] = []
        """What could not be compared, and why."""

    @property
    def is_clean(self) -> bool:
        """Whether no stored value differs."""
        return not self.differing

    def compare(self, store: str, key: str, expected: object, found: object) -> None:
        """Compare a value."""
        self.compared[store] += 1
        if expected != found:
            self.add_difference(store, key, expected, found)

    def compare_mappings(self, store: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Compare all values of two mappings; a key that one of them lacks is a difference."""
        for key in expected.keys() | found.keys():
            self.compare(store, key, expected.get(key), found.get(key))

    def add(self, other: "Report") -> None:
        """Add what another report has compared."""
        self.compared += other.compared
        for store, number in other.differing.items():
            listed = [one for one in other.differences if one.store == store]
            room = MAX_DIFFERENCES_PER_STORE - min(self.differing[store], MAX_DIFFERENCES_PER_STORE)
            self.differences += listed[:room]
            self.differing[store] += number
        self.notes += other.notes

    def add_unexpected_keys(self, store: str, keys: Iterable[str], why: str) -> None:
        """Report keys that should not exist."""
        for key in keys:
            self.compared[store] += 1
            self.add_difference(store, key, None, why)

    def add_difference(self, store: str, key: str, expected: object, found: object) -> None:
        """Count a difference, and list it if there is room."""
        self.differing[store] += 1
        if self.differing[store] <= MAX_DIFFERENCES_PER_STORE:
            self.differences.append(Difference(store, key, _format_value(expected), _format_value(found)))

    def to_builtins(self) -> dict[str, Any]:
        """The report for JSON."""
        return {
            "clean": self.is_clean,
            "compared": dict(self.compared),
            "differing": dict(self.differing),
            "differences": self.differences,
            "notes": self.notes,
        }


def _format_value(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}… ({len(text)} characters)"
