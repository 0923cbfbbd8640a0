"""Rebuild the state of users and videos from the log of actions, in this process and memory only.

The folds are those of the workers. Nothing is written to a server. Users that were erased later are left out. Signals
are folded partition by partition, while workers fold them in order of arrival: float sums may differ in the last bits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from recomind.errors import IncompleteLogError
from recomind.model.applied_offsets import AppliedOffsets, advance_if_new, is_new
from recomind.model.events import Action, EraseUser, Rejected
from recomind.model.ids import all_partitions
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import Signal, TransitionSignal
from recomind.offline.known_log import known_log
from recomind.offline.verification.recompute_users import erasure_offsets
from recomind.recommender.candidates import trending
from recomind.settings import Settings
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_fold import apply_event
from recomind.state.user_blocks import UserBlocks
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.codec import DecodedRecord, decode_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import check_start, read_to_end, start_offsets


class RebuiltState:
    """State of users and videos, folded from the log."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.records: Counter[str] = Counter()
        """Number of records read by kind: `like`, `view`, `skip`, `repeated`, `forgotten` (erased), `unreadable`."""
        self._blocks = UserBlocks()
        self._erased_offsets: dict[str, AppliedOffsets] = {}
        """Erased user to the last offsets of their rerouted records before that."""
        self.notes: list[str] = []
        """What the log lacks."""

    def apply_record(self, decoded: DecodedRecord, erased_at: int) -> None:
        """Apply a record that is in its user's partition.

        Args:
            decoded: the record.
            erased_at: offset of the last record that asked to erase the user; actions before it are ignored.
        """
        event = decoded.action
        if isinstance(event, Rejected):
            self.records["unreadable"] += 1
        elif isinstance(event, EraseUser) and event.keeps_counts:
            expired = self.profiles.pop(event.user_id, None)
            if expired is not None:
                self._blocks.seal_after(event.user_id, expired, Profile())
        elif isinstance(event, Action) and decoded.log_offset > erased_at and not self._was_erased(decoded, event):
            self._apply(decoded, event)
        else:
            self._note_erased(decoded)
            self.records["forgotten"] += isinstance(event, Action)

    def summary(self, n: int) -> dict[str, Any]:
        """Counts of records, users and videos, and the top `n` trending videos."""
        times = [(one.first_at, one.last_at) for one in self.popularity.values()]
        return {
            "records": dict(self.records),
            "people": len(self.profiles),
            "videos": len(self.popularity),
            "first_at": min((first for first, _ in times), default=None),
            "last_at": max((last for _, last in times), default=None),
            "notes": self.notes,
            "trending": [self._video(video_id) for video_id in nlargest(n, self.popularity, self._trending_key)],
        }

    def entries(self) -> Iterator[dict[str, Any]]:
        """One mapping per user and per video, in order of their ids."""
        for user_id, one in sorted(self.profiles.items()):
            counts = {"likes": one.like_count, "views": one.view_count, "skips": one.skip_count}
            yield {"user_id": user_id, **counts, "recent_likes": [liked.video_id for liked in reversed(one.likes)]}
        for video_id in sorted(self.popularity):
            neighbour_ids = self.neighbours.get(video_id, Neighbours()).video_ids
            yield {**self._video(video_id), "liked_together": sorted(neighbour_ids)}

    def _video(self, video_id: str) -> dict[str, Any]:
        return {"video_id": video_id, **msgspec.structs.asdict(self.popularity[video_id].counts)}

    def _trending_key(self, video_id: str) -> tuple[float, str]:
        return trending.score(self.popularity[video_id].like_scores), video_id

    def _note_erased(self, decoded: DecodedRecord) -> None:
        """Note a rerouted record that is left out: it may stand in the log once more, behind the erasure."""
        if decoded.rerouted and isinstance(decoded.action, Action):
            known = self._erased_offsets.setdefault(decoded.action.user_id, {})
            advance_if_new(known, decoded.source_offset.source, decoded.source_offset.offset)

    def _was_erased(self, decoded: DecodedRecord, action: Action) -> bool:
        source, offset = decoded.source_offset.source, decoded.source_offset.offset
        return decoded.rerouted and not is_new(self._erased_offsets.get(action.user_id, {}), source, offset)

    def _apply(self, decoded: DecodedRecord, action: Action) -> None:
        known = self.profiles.get(action.user_id, Profile())
        blocks = self._blocks.of_user(action.user_id, known)
        after, signals = apply_event(known, decoded.source_offset, decoded.log_offset, action, *blocks)
        self.profiles[action.user_id] = self._blocks.seal_after(action.user_id, known, after)
        self.records[action.action_type if signals else "repeated"] += 1
        for signal in signals:
            if isinstance(signal, Signal):
                self._apply_signal(signal)

    def _apply_signal(self, signal: Signal) -> None:
        video_id = signal.video_id
        after = neighbours.fold(self.neighbours.get(video_id, Neighbours()), [signal])
        if after.applied_offsets:
            self.neighbours[video_id] = after
        if not isinstance(signal, TransitionSignal):
            self.popularity[video_id] = popularity.fold(self.popularity.get(video_id, Popularity()), [signal])


async def rebuild(settings: Settings, since: float | None, on_progress: Callable[[str], None]) -> RebuiltState:
    """Fold the log of actions.

    Args:
        settings: the addresses of the servers; Kafka is read, and PostgreSQL for the identity of the log.
        since: skip records that Kafka stored before this time, epoch seconds; None reads the whole log.
        on_progress: called with a description of each step.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    state, partitions, log = RebuiltState(), settings.partitions, await log_of(settings)
    kafka = client_options(settings)
    if since is None:
        try:
            check_start(topics.ACTIONS, await start_offsets(kafka, topics.ACTIONS, partitions))
        except IncompleteLogError as error:
            state.notes.append(str(error))
    for partition in all_partitions(partitions):
        on_progress(f"partition {partition}: erased users")
        erased_at: dict[str, int] = {}
        async for _, records in read_to_end(kafka, topics.ACTIONS, [partition], since=since):
            erased_at |= erasure_offsets(records, log, keeping_counts=False)
        async for _, records in read_to_end(kafka, topics.ACTIONS, [partition], since=since):
            for decoded in _in_own_partition(records, log):
                user_id = "" if isinstance(decoded.action, Rejected) else decoded.action.user_id
                state.apply_record(decoded, erased_at.get(user_id, -1))
            on_progress(f"partition {partition}: {state.records.total():,} records")
    return state


async def log_of(settings: Settings) -> LogIdentity:
    """The log of actions, as the workers know it.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    try:
        return await known_log(archive, settings.partitions)
    finally:
        await archive.close()


def _in_own_partition(records: Iterable[ConsumerRecord], log: LogIdentity) -> Iterator[DecodedRecord]:
    """The records that are not misrouted."""
    decoded = (decode_record(record, log) for record in records)
    return (one for one in decoded if not one.misrouted)
