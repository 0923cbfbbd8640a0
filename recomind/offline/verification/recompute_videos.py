"""Recompute a partition of the log of signals: popularity and neighbours of its videos.

Signals are folded in the order of the log, as the worker did: float sums and pruning depend on the order. Signals of
erased users are skipped from the start of the log: the state must be that of a log which never had them.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Final

from aiokafka import ConsumerRecord

from recomind.errors import UnreadableError
from recomind.model.ids import Partition
from recomind.model.signals import (
    ActionSignal,
    PassedOverSignal,
    Signal,
    SourceOffset,
    TransitionSignal,
    UndoSignal,
)
from recomind.offline.verification.digests import DigestSet
from recomind.offline.verification.recompute_outcomes import Outcomes
from recomind.offline.verification.recompute_users import signal_digest
from recomind.state.forgetting import (
    Erasure,
    VoidBounds,
    erasure_key,
    fold_neighbours,
    fold_popularity,
    merge_erasure,
    user_of_key,
)
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.stream.codec import readable_signals
from recomind.stream.encoding import written_by

REMEMBERS_LIKES: Final = 2
"""The first version of the encoding whose writers remember all likes of a user."""


class RecomputedVideos:
    """The videos of a partition."""

    def __init__(
        self,
        partition: Partition,
        signals: DigestSet,
        on_unreadable: Callable[[UnreadableError], None] = lambda _: None,
        outcomes: Outcomes | None = None,
        dropped_likes: Mapping[SourceOffset, str] | None = None,
        cut_users: Set[str] = frozenset(),
    ) -> None:
        """Recompute nothing yet.

        Args:
            partition: of `video_signals`.
            signals: gets the signals that were applied: those of the log without duplicates.
            on_unreadable: called for each record that holds no signals.
            outcomes: gets what became of served lists.
            dropped_likes: repeated likes that an older version would take for first ones, with their users.
            cut_users: users of whose likes an older version has forgotten some.
        """
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.forgetting: dict[str, Erasure] = {}
        """Erasures, as the table `forgetting` keeps them."""
        self.old_first_likes: set[SourceOffset] = set()
        """Repeated likes that a worker took for first ones, as version 0.2 or older had forgotten those."""
        self.liked_at: dict[str, float] = {}
        """When Kafka stored each video's latest signal of a like, epoch seconds."""
        self._partition = partition
        self._on_unreadable = on_unreadable
        self._outcomes = outcomes or Outcomes()
        self._signals = signals
        self._dropped_likes = dropped_likes or {}
        self._cut_users = cut_users

    def collect_erasures(self, records: Iterable[ConsumerRecord]) -> None:
        """Collect the erasures among the next records; the whole log passes here before `apply_records`."""
        for record in records:
            for signal in readable_signals(record, self._on_unreadable).erasures:
                key = erasure_key(self._partition, signal.user_id)
                merged = merge_erasure(self.forgetting.get(key, Erasure()), signal)
                self.forgetting[key] = Erasure(merged.applied_offsets, merged.at, is_done=True)
                self._signals.add(
                    SourceOffset(self._partition, record.offset), (self._partition, signal_digest(signal))
                )

    def apply_records(self, records: Iterable[ConsumerRecord]) -> None:
        """Apply the next records of the partition."""
        bounds = {user_of_key(key): one.applied_offsets for key, one in self.forgetting.items()}
        for record in records:
            for signal in readable_signals(record, lambda _: None).video_signals:
                self._apply(signal, bounds)
                if isinstance(signal, ActionSignal | UndoSignal) and signal.action_type == "like":
                    self.liked_at[signal.video_id] = record.timestamp / 1000
                if isinstance(signal, ActionSignal) and signal.action_type == "like":
                    self._note_old_first_like(signal, record)

    def _note_old_first_like(self, signal: ActionSignal, record: ConsumerRecord) -> None:
        cause = SourceOffset(signal.source, signal.offset)
        user = self._dropped_likes.get(cause)
        if user is None or signal.is_repeat:
            return
        if user in self._cut_users or written_by(record.headers) < REMEMBERS_LIKES:
            self.old_first_likes.add(cause)

    def _apply(self, signal: Signal, bounds: VoidBounds) -> None:
        video_id = signal.video_id
        known = self.neighbours.get(video_id) or Neighbours()
        after = fold_neighbours(known, [signal], bounds)
        is_new = after is not known
        if is_new:
            self.neighbours[video_id] = after
        if not isinstance(signal, TransitionSignal):
            counted = self.popularity.get(video_id) or Popularity()
            self.popularity[video_id] = fold_popularity(counted, [signal], bounds)
            is_new = self.popularity[video_id] is not counted
        if is_new:
            self._outcomes.apply(signal)
        if is_new and not isinstance(signal, PassedOverSignal):
            self._signals.add(SourceOffset(signal.source, signal.offset), (None, signal_digest(signal)))
