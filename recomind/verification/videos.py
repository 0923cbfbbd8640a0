"""A partition of the log of signals, recomputed: popularity and neighbours of its videos.

The log's order is the order: float sums and pruning depend on it, and it is what the worker saw.
"""

from collections.abc import Iterable

from aiokafka import ConsumerRecord

from agents.reading import unpack_signals
from recomind.signals import Origin, Signal, Touched
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.verification.ledger import Ledger
from recomind.verification.people import digest_of


class Videos:
    """The videos of a partition."""

    def __init__(self, signals: Ledger) -> None:
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self._signals = signals
        """What was applied: the signals of the log without their repetitions."""

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in the next records of the partition."""
        for record in records:
            for signal in unpack_signals(record.value):
                self._apply(signal)

    def _apply(self, signal: Signal) -> None:
        video_id = signal.video_id
        known = self.neighbours.get(video_id) or Neighbours()
        company = neighbours.fold(known, [signal])
        is_news = company is not known
        if is_news:
            self.neighbours[video_id] = company
        if isinstance(signal, Touched):
            counted = self.popularity.get(video_id) or Popularity()
            self.popularity[video_id] = popularity.fold(counted, [signal])
            is_news = self.popularity[video_id] is not counted
        if is_news:
            self._signals.add(Origin(signal.lane, signal.offset), digest_of(signal))
