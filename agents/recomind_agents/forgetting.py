"""By video: take what a person who was forgotten has contributed out of videos' state.

Sums that decay and lists that keep the latest cannot be reversed, so the videos touched are folded once more from the
log of signals, passing over those that are void (`recomind.state.forgetting`). That goes on in the background, with
a bounded number of videos at a time. Only to the last records, those that the live fold has taken in meanwhile, it
makes that wait; then the new values take the place of the old. They have applied all that the old ones have, and
maybe more, which the live fold then knows by its origins: so nothing is lost and nothing comes twice.

Who is to be forgotten is kept in a table, and with it whether that is done: whoever takes a partition over begins
again with all that is not.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from mode.utils.logging import get_logger

from recomind.errors import IncompleteLogError
from recomind.model.applied_offsets import covers
from recomind.runtime.app import RecoMindApp
from recomind.runtime.write_behind import Publisher
from recomind.state.forgetting import Bounds, Forgetting, Refold, is_void, key_of, note, person_of
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import read_signals, unpack_signals
from recomind.stream.connection import client_options
from recomind.stream.log_reader import Rereading, reread
from recomind.stream.table import Table
from recomind_tables import forgetting as table

logger = get_logger(__name__)

LOOK: Final = 1.0
"""Seconds between looks at whether somebody is to be forgotten."""

VIDEOS: Final = 2_000
"""Most videos folded again at once: some 16 MB."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    keeper = Keeper(app, table.declare(app))
    app.consume(topics.SIGNALS, "forgetting", keeper.take)
    app.every(LOOK, keeper.look)


class Keeper:
    """Writes the table `forgetting`, alone."""

    def __init__(self, app: RecoMindApp, kept: Table[Forgetting]) -> None:
        self._app = app
        self._kept = kept
        self._published = Publisher[Forgetting](self._publish)
        self._published.declare(app, "forgetting")
        self._quiet: dict[int, object] = {}
        """Partition to its tenure, where nobody is to be forgotten."""

    async def take(self, batch: Batch) -> None:
        """Note who is to be forgotten."""
        await self._kept.recovered(batch.partition)
        for signal in read_signals(batch).of_forgotten:
            key = key_of(batch.partition, signal.user_id)
            known = self._kept.get(batch.partition, key) or Forgetting()
            noted = note(known, signal)
            if noted is not known:
                self._kept.put(batch.partition, key, noted)
                self._quiet.pop(batch.partition, None)
            self._app.replica.index.people.forget(signal.user_id)

    async def look(self) -> None:
        """Forget those who wait for it, one partition after the other."""
        for partition in self._kept.partitions:
            tenure = self._kept.tenure(partition)
            if self._quiet.get(partition) is tenure:
                continue
            waiting = {key: one for key, one in self._kept.items(partition) if not one.is_done}
            if not waiting:
                self._quiet[partition] = tenure
            elif await self._forget(partition, waiting):
                self._done(partition, waiting)
                await self._app.before_commit()  # no commit may come for long

    async def _forget(self, partition: int, waiting: Mapping[str, Forgetting]) -> bool:
        """Make the videos of a partition forget; whether they have, for good."""
        every = {person_of(key): one.origins for key, one in self._kept.items(partition)}
        job = Job(self._app, partition, every)
        await job.recovered()
        try:
            video_ids = await job.touched_by({person_of(key) for key in waiting})
            for some in _chunks(video_ids):
                await job.refold(some)
        except IncompleteLogError as error:
            logger.error("%d people cannot be forgotten: %s", len(waiting), error)  # noqa: TRY400 it tells all
            self._quiet[partition] = self._kept.tenure(partition)  # said once
            return False
        logger.info("partition %d: %d videos have forgotten %d people", partition, len(video_ids), len(waiting))
        return await self._app.before_commit() and job.is_ours

    def _done(self, partition: int, waiting: Mapping[str, Forgetting]) -> None:
        for key, one in waiting.items():
            if self._kept.get(partition, key) is one:
                done = Forgetting(one.origins, one.at, is_done=True)
                self._kept.put(partition, key, done)
                self._published.add(key, done)

    async def _publish(self, some: Mapping[str, Forgetting]) -> None:
        done = {(key.partition(":")[0], person_of(key)): one.at for key, one in some.items() if one.is_done}
        await self._app.read_model.put_forgetting(done)


class Job:
    """Folds videos of a partition again, for as long as it is ours."""

    def __init__(self, app: RecoMindApp, partition: int, bounds: Bounds) -> None:
        self._app = app
        self._partition = partition
        self._bounds = bounds
        self._tables: Mapping[str, Table[Any]] = {name: app.kept[name] for name in app.replacing}
        self._tenures = self._found_tenures()

    @property
    def is_ours(self) -> bool:
        """Whether the partition has been ours all the time."""
        found = self._found_tenures()
        return all(one is not None and one is found[name] for name, one in self._tenures.items())

    async def recovered(self) -> None:
        """Return when the videos' state is here."""
        for kept in self._tables.values():
            await kept.recovered(self._partition)

    async def touched_by(self, people: Collection[str]) -> set[str]:
        """The videos of which the log holds void signals of these people."""
        names = [name.encode() for name in people]
        bounds = {name: self._bounds[name] for name in people}
        found: set[str] = set()
        async with self._log() as log:
            async for record in log.records():
                if any(name in record.value for name in names):
                    found |= {one.video_id for one in unpack_signals(record.value).of_videos if is_void(one, bounds)}
                await asyncio.sleep(0)
        return found

    async def refold(self, video_ids: Collection[str]) -> None:
        """Give videos the state that they would have without what is void."""
        made = Refold(video_ids, self._bounds)
        async with self._log() as log:
            await self._read(log, made)
            for name, kept in self._tables.items():
                async with kept.turn(self._partition):
                    await self._read(log, made, until=kept.applied.get(self._partition, 0))
                    if not self.is_ours:
                        return
                    self._replace(name, getattr(made, name))

    async def _read(self, log: Rereading, made: Refold, until: int | None = None) -> None:
        async for record in log.records(until):
            made.take(unpack_signals(record.value).of_videos)
            await asyncio.sleep(0)

    def _replace(self, name: str, values: Mapping[str, Any]) -> None:
        for video_id, value in values.items():
            known = self._tables[name].get(self._partition, video_id)
            if known is not None and not covers(value.origins, known.origins):
                raise RuntimeError(f"{name} of {video_id} has applied what the log does not hold")
        self._app.replacing[name](self._partition, values)

    def _found_tenures(self) -> dict[str, object]:
        return {name: kept.tenure(self._partition) for name, kept in self._tables.items()}

    def _log(self) -> Any:
        return reread(client_options(self._app.options), topics.SIGNALS, self._partition)


def _chunks(video_ids: Collection[str]) -> Iterator[list[str]]:
    rest = iter(sorted(video_ids))
    while some := list(islice(rest, VIDEOS)):
        yield some
