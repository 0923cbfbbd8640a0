"""The Faust app: configuration, the clients that agents and web share, and the rules of commit and failure.

It imports nothing above it: `worker.py` makes one, and lets tables, agents and web declare themselves on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

import faust
from faust.transport.drivers import TRANSPORTS
from faust.types import TP
from mode.utils.logging import get_logger

from recomind.errors import StalledError, UnavailableError
from recomind.recommender.hit_rate import Quality
from recomind.runtime.heartbeat import Vitals, end_within, keep_beating
from recomind.runtime.metrics import Counters
from recomind.runtime.refresh_queue import News
from recomind.runtime.training_queue import Lessons
from recomind.runtime.worker_stats import Figures
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.fencing import Fence
from recomind.stores.ranking_cache import Replica
from recomind.stores.read_model import ReadModel
from recomind.stream import topics
from recomind.stream.batches import Batch, BatchSchema
from recomind.stream.connection import client_options
from recomind.stream.consumer import SCHEME
from recomind.stream.partition_queues import Intake
from recomind.stream.producer import Outgoing, Sender
from recomind.stream.table import Table

logger = get_logger(__name__)
TRANSPORTS.aliases[SCHEME] = "recomind.stream.consumer:Transport"

PAUSE: Final = 0.5
"""Seconds between attempts while Kafka is away."""

LAST_WORDS: Final = 30.0
"""Seconds that a failed worker may take to stop before its process is ended."""

BEHIND: Final = 1_000
"""Records of the stream that wait to be taken in from which on a worker counts as behind."""

UNFOLDED: Final = 16
"""Records of signals that may wait when a worker that was behind counts as up again."""

LINGER: Final = 0.05
"""Seconds for which what no list waits for collects: a batch of many costs hardly more than one of few."""

LINGER_BEHIND: Final = 0.2
"""The same while the worker is behind."""

Hook = Callable[[], Awaitable[None]]


class RecoMindApp(faust.App):
    """A Faust app with our clients."""

    options: Settings
    sender: Sender
    read_model: ReadModel
    archive: Archive

    replica: Replica
    counters: Counters

    def prepare(self, options: Settings, read_model: ReadModel, archive: Archive) -> None:
        """Give the app what it shares; called once, right after construction."""
        self.options, self.read_model, self.archive = options, read_model, archive
        self.vitals = Vitals(options.session_timeout)
        self.sender = Sender(client_options(options), self.vitals.check)
        self.replica = Replica(read_model, archive, partitions=options.partitions, ttl=options.read_model_ttl)
        self.counters = Counters()
        self.stirred = asyncio.Event()
        """Set while somebody may wait for a list, or a like to be learned from."""
        self.news = News(self.stirred.set)
        self.reached: dict[int, int] = {}
        """Partition to the offset up to which the stream's records are in the profiles."""
        self.quality: Mapping[str, Quality] = {}
        """Of the hybrid and of each source alone, by the likes met here."""
        self.figures: Figures | None = None
        """What this worker has last told of itself."""
        self.lessons = Lessons()
        self._was_behind = False
        self.failure: BaseException | None = None
        self.intakes: list[Intake] = []
        self.kept: dict[str, Table[Any]] = {}
        self.publishers: dict[str, Any] = {}
        self.replacing: dict[str, Callable[[int, Mapping[str, Any]], None]] = {}
        """Table of videos to what replaces values of a partition, and publishes them."""
        self._making_durable = asyncio.Lock()
        self.commit_hooks: list[Hook] = []
        self.owned: frozenset[int] = frozenset()
        self.assigned: frozenset[TP] = frozenset()
        self._generation = -1
        self.on_partitions_assigned.connect(self._take_over)
        self.on_partitions_revoked.connect(self._give_up)

    def keep(self, name: str, kind: type[Any]) -> Table[Any]:
        """Declare a table."""
        topic = topics.changelog(self.options.app_id, name)
        table = self.kept[name] = Table(name, kind, topic=topic, kafka=client_options(self.options))
        return table

    async def on_first_start(self) -> None:
        """Make the world ready before anything else starts."""
        self.add_future(keep_beating(self.vitals, self.options.watchdog_timeout, self.fail))
        await topics.provision(self.options)
        await self.archive.open()
        await self.sender.start()
        await self.replica.follow_catalogue()
        await super().on_first_start()

    async def on_shutdown(self) -> None:
        """Disconnect, after everything else has stopped."""
        await super().on_shutdown()
        await self.sender.stop()
        await self.archive.close()
        await self.read_model.values.close()

    def _create_directories(self) -> None:
        """None: what Faust would keep in files are tables of its own. A container may have nowhere to make them."""

    def every(self, interval: float, run: Hook, while_set: asyncio.Event | None = None) -> None:
        """Run something at an interval while the worker is ready; an error is logged and counted, and it goes on.

        A plain loop: Faust's timer takes a fifth of a millisecond a tick.

        Args:
            interval: seconds.
            run: what to run.
            while_set: wait until this is set; for `run` to clear. To wake up for nothing costs as much.
        """

        async def ticks() -> None:
            while not self.should_stop:
                if while_set is not None:
                    await while_set.wait()
                started = monotonic()
                if self.is_ready:
                    await self._guarded(run)
                await asyncio.sleep(max(0.0, started + interval - monotonic()))

        self.task()(ticks)

    async def send_packed(self, topic: str, records: Mapping[int, Sequence[Outgoing]]) -> None:
        """Send records to the partitions of a topic; return once all are acknowledged, however long that takes."""
        await asyncio.gather(*(self._send(topic, target, some) for target, some in records.items()))

    async def before_commit(self) -> bool:
        """Make durable what the offsets stand for: tables first, then what readers see.

        Returns:
            Whether the offsets may be committed; if not, they are tried again at the next interval.
        """
        try:
            async with self._making_durable:  # what another is still writing is not durable yet
                for table in self.kept.values():
                    await table.flush(self.sender)
                for hook in self.commit_hooks:
                    await hook()
        except UnavailableError as error:
            logger.warning("commit put off: %s", error)
            self.vitals.note_waiting()
            return False
        except StalledError as error:
            await self.fail(error)
            return False
        return True

    async def fail(self, error: BaseException) -> None:
        """Stop the worker without committing what was in work: it will be delivered again."""
        if self.failure is None:
            self.failure = error
            end_within(LAST_WORDS)
            logger.error("stopping, as work failed and must be repeated", exc_info=error)
            await self.crash(error)

    def consume(
        self, topic: str, name: str, handle: Callable[[Batch], Awaitable[None]], *, linger: bool = True
    ) -> None:
        """Declare an agent: `handle` gets the batches of each of a topic's partitions one after the other.

        If it raises, the worker stops: Faust would acknowledge the batch and go on without it.

        Args:
            topic: which topic.
            name: the agent's.
            handle: its work on a batch.
            linger: whether it may wait for more records before a batch, for `LINGER` seconds.
        """
        intake = Intake(handle, self.fail, self._linger) if linger else Intake(handle, self.fail)
        self.intakes.append(intake)

        async def agent(batches: Any) -> None:
            await intake.run(batches)

        batches = self.topic(topic, schema=BatchSchema(), partitions=self.options.partitions)
        self.agent(batches, name=name)(agent)

    @property
    def busy(self) -> int:
        """How many batches agents are at work on."""
        return sum(intake.busy for intake in self.intakes)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has the state of its partitions, and no rebalance goes on.

        One in spare, of which there are only more than partitions, is: it answers requests as the others do.
        """
        recovered = all(table.is_recovered for table in self.kept.values())
        return self.vitals.is_member and recovered and not self.rebalancing and self.failure is None

    @property
    def leads(self) -> bool:
        """Whether this worker does what one of them has to do for all; idempotent, as two may for a moment."""
        return 0 in self.owned

    @property
    def backlog(self) -> int:
        """How many records of the stream wait to be taken in here, as far as is known."""
        return self._waiting(topics.ACTIONS, self.reached)

    def is_behind(self) -> bool:
        """Whether to take records in comes before all else: from a backlog on, until its signals are folded as well."""
        unfolded = self._waiting(topics.SIGNALS, self.kept["neighbours"].applied) if self._was_behind else 0
        self._was_behind = self.backlog > BEHIND or unfolded > UNFOLDED
        return self._was_behind

    def _waiting(self, topic: str, reached: Mapping[int, int]) -> int:
        ends = self.monitor.tp_end_offsets
        return sum(max(0, ends.get(TP(topic, one), 0) - at) for one, at in reached.items())

    def _linger(self) -> float:
        return LINGER_BEHIND if self.is_behind() else LINGER

    def observe(self) -> None:
        """Bring the gauges up to date."""
        counters = self.counters
        counters.waiting.set(len(self.news))
        counters.ready.set(self.is_ready)
        counters.leads.set(self.leads)
        counters.partitions.set(self.options.partitions)
        counters.owned.clear()
        for partition in self.owned:
            counters.owned.labels(str(partition)).set(1)
        for name, table in self.kept.items():
            counters.keys.labels(name).set(len(table))
        lags: dict[str, int] = dict.fromkeys((topics.ACTIONS, topics.SIGNALS), 0)
        for tp, end in self.monitor.tp_end_offsets.items():
            if tp.partition in self.owned:
                lags[tp.topic] = lags.get(tp.topic, 0) + max(0, end - (self.consumer._committed_offset.get(tp) or 0))
        for topic, lag in lags.items():
            counters.lag.labels(topic).set(lag)

    async def _send(self, topic: str, partition: int, records: Sequence[Outgoing]) -> None:
        while True:
            try:
                return await self.sender.send_all(topic, partition, records)
            except UnavailableError as error:
                logger.warning("sending to %s waits: %s", topic, error)
                self.vitals.note_waiting()
                if self.should_stop:
                    raise
                await asyncio.sleep(PAUSE)

    async def _guarded(self, run: Hook) -> None:
        try:
            await run()
        except UnavailableError as error:
            logger.warning("%s put off: %s", run.__qualname__, error)
        except Exception:
            self.counters.timer_errors.inc()
            logger.exception("%s failed; it runs again at its next time", run.__qualname__)

    async def _take_over(self, _: Any, assigned: set[TP], **__: Any) -> None:
        """Recover the state of new partitions; what stayed ours in consecutive generations is still right."""
        generation = self.consumer_generation_id
        keep = generation == self._generation + 1
        self._generation = generation
        self.read_model.fence = self.archive.fence = Fence(self.options.app_id, generation)
        self.assigned = frozenset(assigned)
        self.owned = frozenset(tp.partition for tp in assigned)
        self.lessons.keep(len(self.owned) / self.options.partitions)
        stay = self.owned if keep else frozenset()
        self.news.keep_only(stay)
        self.reached = {partition: at for partition, at in self.reached.items() if partition in stay}
        self.vitals.is_member = True
        self.monitor.tp_end_offsets.clear()  # a partition that comes back has been worked on elsewhere
        for table in self.kept.values():
            table.assign(set(self.owned), keep=keep)

    async def _give_up(self, *_: Any, **__: Any) -> None:
        """A rebalance goes on: until it is over the group has not told what is ours."""
        self.vitals.is_member = False
