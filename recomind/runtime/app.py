"""The Faust app: the clients, queues and tables that agents and web handlers of one worker share.

It adds to `faust.App`: `app.Table` makes tables of `recomind.stream.table`, `app.timer` makes cheaper timers, and
`app.batch_agent` declares an agent that handles batches of records. `recomind.worker` creates it and has tables, agents
and web handlers declare themselves on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import faust
from faust.transport.drivers import TRANSPORTS
from faust.types import TP
from mode.utils.logging import get_logger
from mode.utils.objects import qualname
from mode.utils.times import Seconds, want_seconds

from recomind.model.ids import Partition
from recomind.model.log_identity import LogIdentity
from recomind.runtime.assignment import Assignment
from recomind.runtime.backlog import Backlog
from recomind.runtime.commit import Commit, Stage
from recomind.runtime.event_loop import TimeSlices
from recomind.runtime.health import LOG_CUT, Health
from recomind.runtime.heartbeat import Heartbeat, exit_after, run_heartbeat
from recomind.runtime.live_settings import LiveSettings
from recomind.runtime.metrics import Metrics
from recomind.runtime.profile_archive import ProfileArchive
from recomind.runtime.refresh_queue import RefreshQueue
from recomind.runtime.retrying_producer import RetryingProducer
from recomind.runtime.rule_stream import streams_of
from recomind.runtime.schedule import Run, Schedule
from recomind.runtime.served_figures import ServedFigures
from recomind.runtime.served_list_window import window_of
from recomind.runtime.served_lists import ServedListRecorder
from recomind.runtime.served_metrics import ServedMetrics
from recomind.runtime.server_checks import ServerChecks
from recomind.runtime.shared_factors import SharedFactors
from recomind.runtime.start_up import start_up
from recomind.runtime.trainer import Trainer
from recomind.runtime.worker_stats import WorkerStats
from recomind.runtime.write_behind import WriteBehind
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.fencing import Fence
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel
from recomind.stream import topics
from recomind.stream.batches import Batch, BatchSchema
from recomind.stream.connection import client_options
from recomind.stream.consumer import SCHEME, Consumer
from recomind.stream.partition_queues import PartitionQueues
from recomind.stream.producer import Producer, ProducerRecord
from recomind.stream.table import Table as StateTable

logger = get_logger(__name__)
TRANSPORTS.aliases[SCHEME] = "recomind.stream.consumer:Transport"

STOP_TIMEOUT_S: Final = 30.0
"""Seconds that a failed worker may take to stop before its process exits."""

Value = TypeVar("Value")
BatchHandler = Callable[[Batch], Awaitable[None]]
Replace = Callable[[Partition, Mapping[str, Any]], None]
"""Replaces values of a table's partition, and publishes them."""


class RecoMindApp(faust.App):
    """A Faust app with state tables, stores, and rules for commits and failures."""

    def __init__(self, options: Settings, read_model: ReadModel, archive: Archive, **faust_options: Any) -> None:
        """Create an app without tables, agents and timers; nothing is connected yet.

        Args:
            options: the worker's settings.
            read_model: over Redis.
            archive: over PostgreSQL.
            faust_options: settings of Faust.
        """
        super().__init__(options.app_id, **faust_options)
        self.options, self.read_model, self.archive = options, read_model, archive
        self.checks, self.heartbeat = ServerChecks(options.partitions), Heartbeat(options.session_timeout)
        self.health, self.metrics, self.time_slices = Health(self.heartbeat), Metrics(), TimeSlices()
        self.kafka_producer = Producer(client_options(options), self.heartbeat.check)
        """Sends acknowledged records; `producer` is Faust's own, which is not used."""
        partitions, ttl, present = options.partitions, options.read_model_ttl, self.kafka_producer.clock.now
        self.ranking_cache = RankingCache.create(read_model, archive, partitions=partitions, ttl=ttl, present=present)
        self.ranking_cache.exploration, self.ranking_cache.control_share = options.exploration, options.control_share
        self.catalogue_stream, self.rule_stream, self.experiment_stream = streams_of(options, self.ranking_cache)
        self.live_settings = LiveSettings(options)
        self.worker_stats: WorkerStats | None = None  # what this worker has published last
        self.work_available = asyncio.Event()  # set when a refresh may be pending
        self.served_lists = ServedListRecorder(partitions, self.send_records, self.metrics.lists_dropped.inc, present)
        self.served_figures, self.served_window = ServedFigures(), window_of(self)
        self.refresh_queue = RefreshQueue(self.served_window.presence, self.work_available.set)
        self.metrics.registry.register(ServedMetrics(self.served_figures))
        self.shared_factors = SharedFactors(self.ranking_cache.index, read_model, options.partitions)
        self.state_tables: dict[str, StateTable[Any]] = {}
        """Our tables by name; `tables` is the manager of Faust's own, of which there are none."""
        self.table_writers: dict[str, WriteBehind[Any]] = {}
        """Name of a table to what publishes its values to the read model."""
        self.replacers: dict[str, Replace] = {}
        """Name of a table of videos to what replaces values that were folded again."""
        self.profile_archive = ProfileArchive(archive, read_model, partitions, self.state_tables)
        self.partition_queues: list[PartitionQueues] = []  # of each batch agent
        self.failure: BaseException | None = None  # why the worker stops; None while it runs
        self.assignment = Assignment(options.app_id, self._fence_stores)
        self.backlog = Backlog(
            lambda: self.monitor.tp_end_offsets, lambda: self.state_tables["neighbours"].applied_until
        )
        self.trainer = Trainer(self.ranking_cache, self.metrics, self.backlog.is_lagging)
        self.commit_steps = Commit(self.heartbeat, self.health, self.fail)
        self.schedule = Schedule(
            self.task,
            is_ready=lambda: self.is_ready,
            should_stop=lambda: self.should_stop,
            on_error=self.metrics.timer_errors.inc,
            on_fatal=self.fail,
        )
        self.on_partitions_assigned.connect(self._on_assigned)
        self.on_partitions_revoked.connect(self._on_revoked)

    def Table(  # type: ignore[override]  # noqa: N802 Faust's name; our tables are not Faust's
        self, name: str, *, value_type: type[Value], flushed_after: Sequence[StateTable[Any]] = (), **_: Any
    ) -> StateTable[Value]:
        """Declare a table, backed by a changelog topic: `app.Table("profiles", value_type=Profile)`.

        Args:
            name: of the table.
            value_type: type of its values, see `recomind.stream.table`.
            flushed_after: the tables whose values this one refers to, declared before.
        """
        topic = topics.changelog(self.options.app_id, name)
        table = StateTable(
            name,
            value_type,
            topic=topic,
            kafka=client_options(self.options),
            on_error=self.fail,
            on_unreadable=self.metrics.note_unreadable(topic),
            flushed_after=flushed_after,
        )
        self.state_tables[name] = table
        self.commit_steps.register(Stage.TABLES, lambda: table.flush(self.kafka_producer))
        return table

    def timer(  # type: ignore[override]  # Faust's overrides mode's in the same way
        self,
        interval: Seconds,
        on_leader: bool = False,
        traced: bool = True,
        name: str | None = None,
        max_drift_correction: float = 0.1,
        *,
        while_set: asyncio.Event | None = None,
    ) -> Callable[[Run], Run]:
        """Run a coroutine function at an interval while the worker is ready: `@app.timer(interval=10.0)`.

        Args:
            interval: seconds between two starts.
            on_leader: whether only the leader runs it: the owner of partition 0.
            traced: has no effect; Faust's timers have it.
            name: of the timer, for log lines; as a rule that of the function.
            max_drift_correction: has no effect; Faust's timers have it.
            while_set: if given, sleep until this is set. The function clears it.
        """

        def declare(run: Run) -> Run:
            async def run_on_leader() -> None:
                if self.assignment.is_leader:
                    await run()

            self.schedule.add(
                want_seconds(interval), run_on_leader if on_leader else run, name or qualname(run), while_set
            )
            return run

        return declare

    def batch_agent(self, topic: str, *, name: str, linger: bool = True) -> Callable[[BatchHandler], BatchHandler]:
        """Declare an agent that handles the batches of each partition of a topic in order, partitions concurrently.

        If the handler raises, the worker stops: Faust would acknowledge the batch and go on without it.

        Args:
            topic: which topic.
            name: of the agent.
            linger: whether it may wait for more records before a batch, see `Backlog.linger`.
        """

        def declare(handle: BatchHandler) -> BatchHandler:
            linger_s = self.backlog.linger if linger else lambda: 0.0
            queues = PartitionQueues(handle, self.fail, linger_s)
            self.partition_queues.append(queues)

            async def agent(stream: Any) -> None:
                await queues.run(stream)

            channel = self.topic(topic, schema=BatchSchema(), partitions=self.options.partitions)
            self.agent(channel, name=name)(agent)
            return handle

        return declare

    async def send_records(self, topic: str, records: Mapping[Partition, Sequence[ProducerRecord]]) -> None:
        """Send records to partitions of a topic; return once all are acknowledged, see `RetryingProducer.send`."""
        await RetryingProducer(self.kafka_producer, self.heartbeat, lambda: self.should_stop).send(topic, records)

    async def before_commit(self) -> bool:
        """Run the steps of a commit; returns whether offsets may be committed (see `recomind.runtime.commit`)."""
        return await self.commit_steps.run()

    def note_cut(self, tp: TP, lost: range) -> None:
        """Note that a log was cut before its records were read; what they say counts nowhere."""
        self.health.degrade(
            LOG_CUT,
            f"{tp.topic}, partition {tp.partition}: offsets {lost.start} to {lost.stop - 1} were deleted before they "
            "were read, so what is stored lacks them: set the topic's retention.ms and retention.bytes to -1",
            tp,
        )

    async def fail(self, error: BaseException) -> None:
        """Stop the worker without committing: records whose work is unfinished are delivered again."""
        if self.failure is None:
            self.failure = error
            exit_after(STOP_TIMEOUT_S)
            logger.error("stopping: unfinished work is repeated after the restart", exc_info=error)
            await self.crash(error)

    @property
    def actions_log(self) -> LogIdentity:
        """The log of actions."""
        return self.checks.log

    @property
    def batches_in_progress(self) -> int:
        """How many partitions of batch agents have a batch in progress or queued."""
        return sum(queues.busy_partitions for queues in self.partition_queues)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has the state of its partitions, and no rebalance goes on.

        A spare worker, to which the group has assigned no partition, is ready: it serves requests as the others do.
        """
        recovered = all(table.is_recovered for table in self.state_tables.values())
        return self.assignment.is_member and recovered and not self.rebalancing and self.failure is None

    def update_gauges(self) -> None:
        """Bring the metrics of the worker's state up to date."""
        owned = self.assignment.partitions
        self.metrics.set_degraded(self.health.reasons)
        self.metrics.set_gauges(
            pending_refreshes=len(self.refresh_queue),
            users_without_list=self.refresh_queue.without_list,
            is_ready=self.is_ready,
            is_leader=self.assignment.is_leader,
            partitions=self.options.partitions,
            owned=owned,
            table_keys={name: len(table) for name, table in self.state_tables.items()},
            consumer_lag=self.backlog.uncommitted(owned, cast("Consumer", self.consumer)._committed_offset),
        )

    async def on_first_start(self) -> None:
        """Connect and create topics, before Faust starts anything."""
        self.add_future(run_heartbeat(self.heartbeat, self.options.watchdog_timeout, self.fail))
        await start_up(self)
        await super().on_first_start()

    async def on_shutdown(self) -> None:
        """Disconnect, after everything else has stopped."""
        await super().on_shutdown()
        await self.kafka_producer.stop()
        await self.served_window.stop()
        await self.archive.close()
        await self.read_model.store.close()

    def _create_directories(self) -> None:
        """Do nothing: only Faust's own tables need files, and a container may be read-only."""

    def _fence_stores(self, fence: Fence) -> None:
        self.read_model.fence = self.archive.fence = fence._replace(group=self.actions_log.fencing_group(fence.group))

    async def _on_assigned(self, _: Any, /, *args: Any, **__: Any) -> None:
        """Recover the state of new partitions; keep that of partitions that no other worker can have owned since."""
        is_consecutive = self.assignment.assign(self.consumer_generation_id, args[0])
        owned = self.assignment.partitions
        retained = owned if is_consecutive else frozenset()
        self.refresh_queue.retain_partitions(retained)
        self.backlog.retain_partitions(retained)
        self.served_window.retain_partitions(retained)
        self.served_figures.retain_partitions(retained)
        self.shared_factors.retain_partitions(retained)
        self.monitor.tp_end_offsets.clear()  # a partition that returns has grown meanwhile
        for table in self.state_tables.values():
            table.assign(set(owned), retain=is_consecutive)

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        self.assignment.revoke()
