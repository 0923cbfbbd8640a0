"""A shadow of the state: what the log of actions, or its end, makes of people and videos, in this process alone.

It is folded as workers fold, but writes nowhere. Whoever was forgotten later on is not in it. Videos take their signals
partition after partition, while workers take them as they come: sums of floats may differ in their last bits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from recomind.model.events import Action, Rejected
from recomind.model.signals import Signal, Touched
from recomind.offline.verification.recompute_users import forgotten_in
from recomind.recommender.candidates.trending import best_of
from recomind.settings import Settings
from recomind.state import neighbours, popularity, profile
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.codec import Read, read_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end


class Shadow:
    """People and videos."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.records: Counter[str] = Counter()
        """Kind to how many records of it were read: `like`, `view`, `skip`, `repeated`, `forgotten`, `unreadable`."""

    def take(self, read: Read, forgotten: int) -> None:
        """Take in a record that stands in its right partition.

        Args:
            read: the record.
            forgotten: the offset up to which its person has been forgotten.
        """
        event = read.action
        if isinstance(event, Rejected):
            self.records["unreadable"] += 1
        elif isinstance(event, Action) and read.record.offset > forgotten:
            self._apply(read, event)
        else:
            self.records["forgotten"] += isinstance(event, Action)

    def summary(self, n: int) -> dict[str, Any]:
        """What it holds, with the `n` videos that trend."""
        times = [(one.first_at, one.last_at) for one in self.popularity.values()]
        return {
            "records": dict(self.records),
            "people": len(self.profiles),
            "videos": len(self.popularity),
            "first_at": min((first for first, _ in times), default=None),
            "last_at": max((last for _, last in times), default=None),
            "trending": [self._video(video_id) for video_id, _ in best_of(self.popularity.items()).first()[:n]],
        }

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every person and every video, in the order of their ids."""
        for user_id, one in sorted(self.profiles.items()):
            counts = {"likes": one.like_count, "views": one.view_count, "skips": one.skip_count}
            yield {"user_id": user_id, **counts, "recent_likes": [liked.video_id for liked in reversed(one.likes)]}
        for video_id in sorted(self.popularity):
            together = self.neighbours.get(video_id, Neighbours()).others
            yield {**self._video(video_id), "liked_together": sorted(together)}

    def _video(self, video_id: str) -> dict[str, Any]:
        return {"video_id": video_id, **msgspec.structs.asdict(self.popularity[video_id].counts)}

    def _apply(self, read: Read, action: Action) -> None:
        known = self.profiles.get(action.user_id, Profile())
        self.profiles[action.user_id], signals = profile.apply(known, read.origin, read.record.offset, action)
        self.records[action.action_type if signals else "repeated"] += 1
        for signal in signals:
            if isinstance(signal, Signal):
                self._meet(signal)

    def _meet(self, signal: Signal) -> None:
        video_id = signal.video_id
        company = neighbours.fold(self.neighbours.get(video_id, Neighbours()), [signal])
        if company.origins:
            self.neighbours[video_id] = company
        if isinstance(signal, Touched):
            self.popularity[video_id] = popularity.fold(self.popularity.get(video_id, Popularity()), [signal])


async def rebuild(settings: Settings, since: float | None, on_progress: Callable[[str], None]) -> Shadow:
    """Fold the log of actions.

    Args:
        settings: where Kafka is.
        since: only what the log took then, in epoch seconds, or later; None for all of it.
        on_progress: told of each step.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    shadow, partitions = Shadow(), settings.partitions
    kafka = client_options(settings)
    for partition in range(partitions):
        on_progress(f"partition {partition}: who was forgotten")
        forgotten: dict[str, int] = {}
        async for _, records in read_to_end(kafka, topics.ACTIONS, [partition], since=since):
            forgotten |= forgotten_in(records, partitions)
        async for _, records in read_to_end(kafka, topics.ACTIONS, [partition], since=since):
            for read in _right(records, partitions):
                user_id = "" if isinstance(read.action, Rejected) else read.action.user_id
                shadow.take(read, forgotten.get(user_id, -1))
            on_progress(f"partition {partition}: {shadow.records.total():,} records")
    return shadow


def _right(records: Iterable[ConsumerRecord], partitions: int) -> Iterator[Read]:
    """Those that count where they stand."""
    reads = (read_record(record, partitions) for record in records)
    return (read for read in reads if not read.astray)
