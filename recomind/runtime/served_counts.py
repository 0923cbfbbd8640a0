"""Counts of shown places and of their outcomes, by the time at which Kafka appended the list or the action.

A count is a row of three numbers: shown, acted on, liked. Counts are sums, so those of partitions and workers add up.
They are kept by minute for 15 minutes, and by hour for 24 hours. Rows are stored: new ones are added at the end.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.recommender import place_sources
from recomind.recommender.place_sources import DRAWN, MAX_SOURCES
from recomind.stores.served_statistics import StoredCounts

Counts = NDArray[np.int64]
"""Shape (ROWS, 3): shown, acted on, liked."""

SHOWN, ACTED_ON, LIKED = range(3)

RANKED, DRAWN_ROW, CONTROL, LISTS, CONTROL_LISTS, REPEATS, LIST_LIKES = range(7)
"""Rows: ranked places, places drawn for exploration, places of the control group; ranked lists, lists of the control
group; places whose video the user had acted on before; first likes after a list (all, and those in its first ten)."""

FIRST_PLACE: Final = 7
PLACES: Final = 10
"""Places with a row of their own; one more row has all later ones."""

FIRST_SOURCE: Final = FIRST_PLACE + PLACES + 1
ROWS: Final = FIRST_SOURCE + MAX_SOURCES

ROW_NAMES: Final = {
    RANKED: "ranked",
    DRAWN_ROW: "drawn",
    CONTROL: "control",
    LISTS: "lists",
    CONTROL_LISTS: "control lists",
    REPEATS: "repeats",
    LIST_LIKES: "first likes",
    **{FIRST_PLACE + place: f"place {place + 1}" for place in range(PLACES)},
    FIRST_PLACE + PLACES: f"place {PLACES + 1} and later",
    **{FIRST_SOURCE + bit: f"source {name}" for name, bit in place_sources.BITS.items()},
}
"""Row to its name in published statistics."""

MINUTE_S: Final = 60
HOUR_S: Final = 3600
MINUTES: Final = 15
HOURS: Final = 24

NamedCounts = Mapping[str, tuple[int, ...]]
"""Name of a row to its numbers."""


def empty() -> Counts:
    """Counts of nothing."""
    return np.zeros((ROWS, 3), np.int64)


def places_counts(places: int, packed: bytes) -> Counts:
    """The counts of a ranked list with `places` shown places; their sources are `packed` as in `place_sources`."""
    counts, by_bit = empty(), place_sources.count_bits(packed)
    drawn = int(by_bit[DRAWN])
    counts[RANKED, SHOWN], counts[DRAWN_ROW, SHOWN] = places - drawn, drawn
    counts[FIRST_PLACE : FIRST_PLACE + min(places, PLACES), SHOWN] = 1
    counts[FIRST_PLACE + PLACES, SHOWN] = max(0, places - PLACES)
    counts[FIRST_SOURCE:, SHOWN] = by_bit[:MAX_SOURCES]
    return counts


def rows_of_place(place: int, bits: int) -> list[int]:
    """The rows in which a place of a ranked list counts."""
    sources = [FIRST_SOURCE + bit for bit in range(MAX_SOURCES) if bits >> bit & 1]
    return [DRAWN_ROW if bits >> DRAWN else RANKED, FIRST_PLACE + min(place, PLACES), *sources]


def named(counts: Counts) -> dict[str, tuple[int, ...]]:
    """The rows that are not zero, by name."""
    rows = np.flatnonzero(counts.any(axis=1)).tolist()
    return {ROW_NAMES[row]: tuple(counts[row].tolist()) for row in rows if row in ROW_NAMES}


def total(parts: Iterable[NamedCounts]) -> dict[str, tuple[int, ...]]:
    """The sum of several workers' counts."""
    found: dict[str, tuple[int, ...]] = {}
    for part in parts:
        for name, numbers in part.items():
            known = found.get(name, (0,) * len(numbers))
            found[name] = tuple(one + other for one, other in zip(known, numbers, strict=True))
    return found


class PartitionCounts:
    """The counts of one partition's users."""

    def __init__(self) -> None:
        self.lists_until, self.lists_at = -1, 0.0
        self._minutes: dict[int, Counts] = {}
        self._hours: dict[int, Counts] = {}
        """Without what is in `_minutes`."""

    def at(self, time: float) -> Counts:
        """The counts of the minute that contains a time, epoch seconds; to be added to in place."""
        minute = int(time // MINUTE_S)
        found = self._minutes.get(minute)
        if found is None:
            found = self._minutes[minute] = empty()
        return found

    def roll(self, now: float) -> None:
        """Move minutes into hours, and drop hours, that are over at a time."""
        first = int(now // MINUTE_S) - MINUTES + 1
        for minute in [one for one in self._minutes if one < first]:
            hour = minute * MINUTE_S // HOUR_S
            self._hours[hour] = self._hours.get(hour, 0) + self._minutes.pop(minute)
        for hour in [one for one in self._hours if one <= int(now // HOUR_S) - HOURS]:
            del self._hours[hour]

    def recent(self) -> Counts:
        """The sum over the last 15 minutes before the time given to `roll`."""
        return sum(self._minutes.values(), empty())

    def of_a_day(self) -> Counts:
        """The sum over the last 24 hours before the time given to `roll`."""
        return sum(self._hours.values(), self.recent())

    def adopt(self, stored: StoredCounts) -> None:
        """Add the counts that another worker has stored."""
        self.lists_until = max(self.lists_until, stored.lists_until)
        self.lists_at = max(self.lists_at, stored.lists_at)
        for known, found in ((self._minutes, stored.minutes), (self._hours, stored.hours)):
            for number, packed in found.items():
                known[number] = known.get(number, 0) + _unpacked(packed)

    def stored(self) -> StoredCounts:
        """The counts in their stored form."""
        minutes, hours = ({one: _packed(some) for one, some in of.items()} for of in (self._minutes, self._hours))
        return StoredCounts(self.lists_until, self.lists_at, minutes, hours)


def _packed(counts: Counts) -> bytes:
    packed: bytes = counts.astype("<u4").tobytes()
    return packed


def _unpacked(packed: bytes) -> Counts:
    """Counts from bytes; another version may have stored more or fewer rows."""
    rows, counts = np.frombuffer(packed, "<u4").reshape(-1, 3)[:ROWS], empty()
    counts[: len(rows)] = rows
    return counts
