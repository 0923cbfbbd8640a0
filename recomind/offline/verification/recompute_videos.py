"""A partition of the log of signals, recomputed: popularity and neighbours of its videos.

The log's order is the order: float sums and pruning depend on it, and it is what the worker saw. Signals of people who
were forgotten are passed over, from the beginning: the state must be that of a log which never had them.
"""

from collections.abc import Iterable

from aiokafka import ConsumerRecord

from recomind.model.signals import Origin, Signal, Touched
from recomind.offline.verification.digests import Ledger
from recomind.offline.verification.recompute_users import digest_of
from recomind.state.forgetting import Bounds, Forgetting, fold_neighbours, fold_popularity, key_of, note, person_of
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.stream.codec import unpack_signals


class Videos:
    """The videos of a partition."""

    def __init__(self, partition: int, signals: Ledger) -> None:
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.forgetting: dict[str, Forgetting] = {}
        """Who was forgotten, as the table `forgetting` keeps it."""
        self._partition = partition
        self._signals = signals
        """What was applied: the signals of the log without their repetitions."""

    def note(self, records: Iterable[ConsumerRecord]) -> None:
        """Take note of who is forgotten in the next records; all records come here before any is taken."""
        for record in records:
            for signal in unpack_signals(record.value).of_forgotten:
                key = key_of(self._partition, signal.user_id)
                noted = note(self.forgetting.get(key, Forgetting()), signal)
                self.forgetting[key] = Forgetting(noted.origins, noted.at, is_done=True)
                self._signals.add(Origin(self._partition, record.offset), (self._partition, digest_of(signal)))

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in the next records of the partition."""
        bounds = {person_of(key): one.origins for key, one in self.forgetting.items()}
        for record in records:
            for signal in unpack_signals(record.value).of_videos:
                self._apply(signal, bounds)

    def _apply(self, signal: Signal, bounds: Bounds) -> None:
        video_id = signal.video_id
        known = self.neighbours.get(video_id) or Neighbours()
        company = fold_neighbours(known, [signal], bounds)
        is_news = company is not known
        if is_news:
            self.neighbours[video_id] = company
        if isinstance(signal, Touched):
            counted = self.popularity.get(video_id) or Popularity()
            self.popularity[video_id] = fold_popularity(counted, [signal], bounds)
            is_news = self.popularity[video_id] is not counted
        if is_news:
            self._signals.add(Origin(signal.lane, signal.offset), (None, digest_of(signal)))
