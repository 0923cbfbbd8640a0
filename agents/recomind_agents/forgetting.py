"""By video: erase users from the state of videos, by folding their signals again without void ones.

Decayed sums and bounded lists cannot be reversed. So the videos that an erased user has acted on are folded again from
the signal log, without signals that are void (`recomind.state.forgetting`). This runs in the background, a bounded
number of videos at a time. Only for the last records, which the live fold has applied meanwhile, the live fold waits;
then the new values replace the old ones. They have applied all that the old ones have, and maybe more. The live fold
recognises that by source offsets, so no signal is lost and none is applied twice.

A table holds the erasures, and which of them are complete. A new owner of a partition starts the others again.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from mode.utils.logging import get_logger

from recomind.errors import IncompleteLogError
from recomind.model.applied_offsets import dominates
from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.runtime.health import ERASURE
from recomind.runtime.publishing import publish_table
from recomind.runtime.write_behind import WriteBehind
from recomind.state.forgetting import Erasure, Refold, VoidBounds, erasure_key, is_void, merge_erasure, user_of_key
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_signal_batch, readable_signals
from recomind.stream.connection import client_options
from recomind.stream.log_reader import LogCursor, open_full_log
from recomind.stream.table import Table
from recomind_tables import forgetting as table

logger = get_logger(__name__)

CHECK_INTERVAL_S: Final = 1.0
"""Time between checks for pending erasures."""

MAX_VIDEOS_PER_REFOLD: Final = 2_000
"""Videos folded again together: about 16 MB."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = ErasureProcessor(app, table.declare(app))
    app.batch_agent(topics.SIGNALS, name="forgetting")(processor.process)
    app.timer(CHECK_INTERVAL_S)(processor.run_pending)


class ErasureProcessor:
    """The only writer of the table `forgetting`."""

    def __init__(self, app: RecoMindApp, erasures: Table[Erasure]) -> None:
        self._app = app
        self._erasures = erasures
        self._read_model = WriteBehind[Erasure](self._publish)
        publish_table(app, "forgetting", self._read_model)
        self._nothing_pending: dict[int, object] = {}
        """Partition to the assignment in which it has no erasure to run."""

    async def process(self, batch: Batch) -> None:
        """Record the erasures of a batch of signals."""
        await self._erasures.recovered(batch.partition)
        for signal in decode_signal_batch(batch).erasures:
            key = erasure_key(batch.partition, signal.user_id)
            known = self._erasures.get(batch.partition, key) or Erasure()
            merged = merge_erasure(known, signal)
            if merged is not known:
                self._erasures.put(batch.partition, key, merged)
                self._nothing_pending.pop(batch.partition, None)
            self._app.ranking_cache.index.user_likes.remove_user(signal.user_id)

    async def run_pending(self) -> None:
        """Run the pending erasures, partition by partition."""
        for partition in self._erasures.partitions:
            assignment = self._erasures.assignment(partition)
            if self._nothing_pending.get(partition) is assignment:
                continue
            pending = {key: one for key, one in self._erasures.items(partition) if not one.is_done}
            if not pending:
                self._nothing_pending[partition] = assignment
            elif await self._erase(partition, pending):
                self._complete(partition, pending)
                await self._app.before_commit()  # without new records, no commit would store it

    async def _erase(self, partition: Partition, pending: Mapping[str, Erasure]) -> bool:
        """Erase users from the videos of a partition; returns whether the new values are durable."""
        bounds = {user_of_key(key): one.applied_offsets for key, one in self._erasures.items(partition)}
        refold = PartitionRefold(self._app, partition, bounds)
        await refold.recovered()
        try:
            video_ids = await refold.find_videos({user_of_key(key) for key in pending})
            for some in _chunks(video_ids):
                await refold.run(some)
        except IncompleteLogError as error:
            self._app.health.degrade(
                ERASURE, f"{len(pending)} users cannot be erased from counts of videos: {error}", partition
            )
            self._nothing_pending[partition] = self._erasures.assignment(partition)  # so that it is logged once
            return False
        logger.info("partition %d: erased %d users from %d videos", partition, len(pending), len(video_ids))
        return await self._app.before_commit() and refold.is_still_assigned

    def _complete(self, partition: Partition, pending: Mapping[str, Erasure]) -> None:
        for key, one in pending.items():
            if self._erasures.get(partition, key) is one:
                done = Erasure(one.applied_offsets, one.at, is_done=True)
                self._erasures.put(partition, key, done)
                self._read_model.add(key, done)

    async def _publish(self, erasures: Mapping[str, Erasure]) -> None:
        done = {(key.partition(":")[0], user_of_key(key)): one.at for key, one in erasures.items() if one.is_done}
        await self._app.read_model.put_erasure_progress(done)


class PartitionRefold:
    """Folds videos of a partition again, while the partition stays assigned to this worker."""

    def __init__(self, app: RecoMindApp, partition: Partition, bounds: VoidBounds) -> None:
        self._app = app
        self._partition = partition
        self._bounds = bounds
        self._tables: Mapping[str, Table[Any]] = {name: app.state_tables[name] for name in app.replacers}
        self._assignments = self._current_assignments()

    @property
    def is_still_assigned(self) -> bool:
        """Whether the partition has been assigned to this worker without a break."""
        current = self._current_assignments()
        return all(one is not None and one is current[name] for name, one in self._assignments.items())

    async def recovered(self) -> None:
        """Wait until the tables of videos are recovered."""
        for each in self._tables.values():
            await each.recovered(self._partition)

    async def find_videos(self, user_ids: Collection[str]) -> set[str]:
        """The videos for which the log has void signals of these users."""
        names = [user_id.encode() for user_id in user_ids]
        bounds = {user_id: self._bounds[user_id] for user_id in user_ids}
        found: set[str] = set()
        async with self._log() as log:
            async for record in log.records():
                if any(name in (record.value or b"") for name in names):
                    found |= {one.video_id for one in readable_signals(record).video_signals if is_void(one, bounds)}
                await asyncio.sleep(0)
        return found

    async def run(self, video_ids: Collection[str]) -> None:
        """Replace the values of videos by those that the log gives without void signals."""
        refold = Refold(video_ids, self._bounds)
        async with self._log() as log:
            await self._fold(log, refold)
            for name, each in self._tables.items():
                async with each.lock(self._partition):
                    await self._fold(log, refold, until=each.applied_until.get(self._partition, 0))
                    if not self.is_still_assigned:
                        return
                    self._replace(name, getattr(refold, name))

    async def _fold(self, log: LogCursor, refold: Refold, until: int | None = None) -> None:
        async for record in log.records(until):
            refold.fold(readable_signals(record).video_signals)
            await asyncio.sleep(0)

    def _replace(self, name: str, values: Mapping[str, Any]) -> None:
        for video_id, value in values.items():
            known = self._tables[name].get(self._partition, video_id)
            if known is not None and not dominates(value.applied_offsets, known.applied_offsets):
                raise RuntimeError(f"{name} of {video_id} has applied signals that the log does not hold")
        self._app.replacers[name](self._partition, values)

    def _current_assignments(self) -> dict[str, object]:
        return {name: each.assignment(self._partition) for name, each in self._tables.items()}

    def _log(self) -> Any:
        return open_full_log(client_options(self._app.options), topics.SIGNALS, self._partition)


def _chunks(video_ids: Collection[str]) -> Iterator[list[str]]:
    rest = iter(sorted(video_ids))
    while some := list(islice(rest, MAX_VIDEOS_PER_REFOLD)):
        yield some
