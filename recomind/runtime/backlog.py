"""The backlog: records that Kafka holds and this worker has not folded yet."""

from collections.abc import Callable, Mapping
from typing import Final

from faust.types import TP

from recomind.model.ids import Partition
from recomind.stream import topics

LAGGING_RECORDS: Final = 1_000
"""Backlog of actions, in records, above which a worker counts as lagging."""

CAUGHT_UP_SIGNALS: Final = 16
"""Backlog of signals, in records, down to which a lagging worker goes on lagging."""

LINGER_S: Final = 0.05
"""Seconds for which agents collect records that no list waits for: a large batch costs hardly more than a small one."""

LINGER_LAGGING_S: Final = 0.2
"""The same while the worker is lagging."""

NO_OFFSET: Final = 2**63
"""Larger than any offset."""


class Backlog:
    """Lag of this worker's partitions."""

    def __init__(
        self, end_offsets: Callable[[], Mapping[TP, int]], folded_signals: Callable[[], Mapping[Partition, int]]
    ) -> None:
        """Create a backlog of no partitions.

        Args:
            end_offsets: returns the offset after the last record of each topic partition, as far as it is known.
            folded_signals: returns partition to the offset before which signals are folded.
        """
        self.folded_actions: dict[Partition, int] = {}
        """Partition to the offset before which actions are folded into profiles."""
        self._end_offsets = end_offsets
        self._folded_signals = folded_signals
        self._was_lagging = False
        self._ends_at_adoption: dict[Partition, int] = {}

    @property
    def actions(self) -> int:
        """Actions that are not folded yet, in records, as far as is known."""
        return self._records(topics.ACTIONS, self.folded_actions)

    def is_lagging(self) -> bool:
        """Whether ingest takes precedence over ranking: from a backlog of actions until its signals are folded, too."""
        signals = self._records(topics.SIGNALS, self._folded_signals()) if self._was_lagging else 0
        self._was_lagging = self.actions > LAGGING_RECORDS or signals > CAUGHT_UP_SIGNALS
        return self._was_lagging

    def first_new_offset(self, partition: Partition) -> int:
        """The end of a partition's actions when this worker took it over: later records were not delivered before.

        Until the end is known, no record counts as new.
        """
        if partition not in self._ends_at_adoption:
            end = self._end_offsets().get(TP(topics.ACTIONS, partition))
            if end is None:
                return NO_OFFSET
            self._ends_at_adoption[partition] = end
        return self._ends_at_adoption[partition]

    def linger(self) -> float:
        """Seconds for which an agent may collect records before it begins a batch."""
        return LINGER_LAGGING_S if self.is_lagging() else LINGER_S

    def retain_partitions(self, partitions: frozenset[Partition]) -> None:
        """Drop all other partitions."""
        self.folded_actions = {one: offset for one, offset in self.folded_actions.items() if one in partitions}
        self._ends_at_adoption = {one: end for one, end in self._ends_at_adoption.items() if one in partitions}

    def uncommitted(self, partitions: frozenset[Partition], committed: Mapping[TP, int | None]) -> dict[str, int]:
        """Consumer lag by topic: records of these partitions beyond the committed offsets."""
        lag = dict.fromkeys((topics.ACTIONS, topics.SIGNALS), 0)
        for tp, end in self._end_offsets().items():
            if tp.partition in partitions:
                lag[tp.topic] = lag.get(tp.topic, 0) + max(0, end - (committed.get(tp) or 0))
        return lag

    def _records(self, topic: str, folded: Mapping[Partition, int]) -> int:
        ends = self._end_offsets()
        return sum(max(0, ends.get(TP(topic, partition), 0) - offset) for partition, offset in folded.items())
