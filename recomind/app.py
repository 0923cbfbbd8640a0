"""The Faust app: configuration, the clients that agents and web share, and the rules of commit and failure.

It imports nothing above it: `worker.py` makes one, and lets tables, agents and web declare themselves on it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import faust
from faust.transport.drivers import TRANSPORTS
from faust.types import TP
from mode.utils.logging import get_logger

from recomind import topics
from recomind.errors import UnavailableError
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.transport.batches import BatchSchema
from recomind.transport.consumer import SCHEME
from recomind.transport.sending import Sender
from recomind.transport.table import Table

logger = get_logger(__name__)
TRANSPORTS.aliases[SCHEME] = "recomind.transport.consumer:Transport"

Hook = Callable[[], Awaitable[None]]
Run = TypeVar("Run", bound=Callable[..., Awaitable[None]])


class RecoMindApp(faust.App):
    """A Faust app with our clients."""

    options: Settings
    sender: Sender
    read_model: ReadModel
    archive: Archive

    def prepare(self, options: Settings, read_model: ReadModel, archive: Archive) -> None:
        """Give the app what it shares; called once, right after construction."""
        self.options, self.read_model, self.archive = options, read_model, archive
        self.sender = Sender(options.kafka_brokers)
        self.failure: BaseException | None = None
        self.kept: dict[str, Table[Any]] = {}
        self.commit_hooks: list[Hook] = []
        self.owned: frozenset[int] = frozenset()
        self._generation = -1
        self.on_partitions_assigned.connect(self._take_over)

    def keep(self, name: str, kind: type[Any]) -> Table[Any]:
        """Declare a table."""
        topic = topics.changelog(self.options.app_id, name)
        table = self.kept[name] = Table(name, kind, topic=topic, brokers=self.options.kafka_brokers)
        return table

    def batches(self, topic: str) -> Any:
        """A topic whose events are batches of records."""
        return self.topic(topic, schema=BatchSchema(), partitions=self.options.partitions)

    async def before_commit(self) -> bool:
        """Make durable what the offsets stand for: tables first, then what readers see.

        Returns:
            Whether the offsets may be committed; if not, they are tried again at the next interval.
        """
        try:
            for table in self.kept.values():
                await table.flush(self.sender)
            for hook in self.commit_hooks:
                await hook()
        except UnavailableError as error:
            logger.warning("commit put off: %s", error)
            return False
        return True

    async def fail(self, error: BaseException) -> None:
        """Stop the worker without committing what was in work: it will be delivered again."""
        if self.failure is None:
            self.failure = error
            logger.error("stopping, as work failed and must be repeated", exc_info=error)
            await self.crash(error)

    def or_fail(self, run: Run) -> Run:
        """Make an agent that raises stop the worker: Faust would acknowledge the batch and go on without it."""

        async def guarded(*args: Any) -> None:
            try:
                await run(*args)
            except Exception as error:
                await self.fail(error)
                raise

        guarded.__name__ = guarded.__qualname__ = run.__name__
        guarded.__module__ = run.__module__
        return guarded  # type: ignore[return-value]

    @property
    def is_ready(self) -> bool:
        """Whether the worker has partitions and their state, and no rebalance goes on."""
        recovered = all(table.is_recovered for table in self.kept.values())
        return bool(self.owned) and recovered and not self.rebalancing and self.failure is None

    async def _take_over(self, _: Any, assigned: set[TP], **__: Any) -> None:
        """Recover the state of new partitions; what stayed ours in consecutive generations is still right."""
        generation = self.consumer_generation_id
        keep = generation == self._generation + 1
        self._generation = generation
        self.owned = frozenset(tp.partition for tp in assigned)
        for table in self.kept.values():
            table.assign(set(self.owned), keep=keep)


def create_app(settings: Settings, read_model: ReadModel, archive: Archive) -> RecoMindApp:
    """The app, without agents yet."""
    brokers = ";".join(f"{SCHEME}://{broker}" for broker in settings.kafka_brokers.split(","))
    app = RecoMindApp(
        settings.app_id,
        broker=brokers,
        autodiscover=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication_factor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_host=settings.web_host,
        web_bind=settings.web_host,
        web_port=settings.web_port,
        web_in_thread=False,
        web_tables_enabled=False,
        web_router_enabled=False,
        stream_buffer_maxsize=64,
        stream_wait_empty=True,
        broker_commit_interval=settings.commit_interval,
        broker_commit_every=None,
        broker_max_poll_records=None,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 5,
        broker_rebalance_timeout=2 * settings.session_timeout,
        broker_request_timeout=max(30.0, settings.session_timeout),
        consumer_max_fetch_size=4 << 20,
        consumer_auto_offset_reset="earliest",
    )
    app.prepare(settings, read_model, archive)
    return app
