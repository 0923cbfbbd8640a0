"""How far a consumer has read, beyond the records that it has delivered.

Offsets are not dense. Markers of transactions and records of aborted ones have offsets, too, and are never delivered;
so a partition may end with offsets that no batch covers. What is read to the end has nothing left, and its position may
be committed. A position that moved for another reason, such as a seek, says nothing about what has been delivered.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from faust.types import TP


class Place(NamedTuple):
    """Where a consumer stands in a partition."""

    position: int
    """The offset of the next record that it returns."""
    end: int | None
    """The last stable offset that the broker has told: what is committed or aborted lies before it."""


class Positions:
    """For each partition, the offset before which every record has been delivered to the agents."""

    def __init__(self) -> None:
        self.delivered: dict[TP, int] = {}
        """Partition to the offset before which everything has been delivered, or is no record."""
        self.record_ends: dict[TP, int] = {}
        """Partition to the offset after the last record that was fetched."""

    def gaps(self, first_offsets: Mapping[TP, int], committed: Mapping[TP, int | None]) -> dict[TP, range]:
        """Partition to the offsets missing between what was delivered and the records fetched next.

        Args:
            first_offsets: partition to the offset of its first fetched record.
            committed: partition to its committed offset: where it starts if nothing has been delivered.
        """
        known = {tp: self.delivered.get(tp, committed.get(tp)) for tp in first_offsets}
        gaps = {tp: range(known[tp] or 0, first) for tp, first in first_offsets.items() if known[tp] is not None}
        return {tp: missing for tp, missing in gaps.items() if missing}

    def advance(
        self,
        before: Mapping[TP, Place],
        after: Mapping[TP, Place],
        fetched: Collection[TP],
        committed: Mapping[TP, int | None],
    ) -> None:
        """Note that everything which one fetch returned has been delivered.

        Args:
            before: where the consumer stood before the fetch.
            after: where it stands now.
            fetched: the partitions of which it returned records.
            committed: partition to its committed offset.
        """
        for tp, place in after.items():
            known = self.delivered.get(tp, committed.get(tp))
            moved_by_fetch = tp in before and before[tp].position == known
            if tp in fetched or moved_by_fetch:
                self.delivered[tp] = place.position

    def ends(self, places: Mapping[TP, Place]) -> dict[TP, int | None]:
        """Partition to the offset after its last record as far as is known; None where it has had no record.

        At the end of a partition only records count: what else lies before it is no work.
        """
        return {
            tp: place.end if place.position < place.end else self.record_ends.get(tp)
            for tp, place in places.items()
            if place.end is not None
        }
