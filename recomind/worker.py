"""The composition root: creates the app, has tables, agents and web handlers declare themselves on it, and runs it."""

import gc
import logging
import os
import sys
from typing import Any, Final, cast

import faust
import uvloop

import recomind_agents
from recomind.model.context_limits import NONE
from recomind.runtime.app import RecoMindApp
from recomind.runtime.extension_loading import worker_extensions
from recomind.runtime.log_limit import limit_repetitions
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream.assignor import ServingAssignor
from recomind.stream.connection import credentials
from recomind.stream.consumer import SCHEME
from recomind_web import routes

GC_THRESHOLDS: Final = (200_000, 5, 50)
"""Thresholds of the garbage collector's generations, see `gc.set_threshold`.

The first is far above the number of objects of the batches in progress: nearly all of them are freed by then, and need
no collection. With 20,000 the collector took 7 % of the time under a backlog, and 100 ms at a time.
"""


def build(settings: Settings, *, takes_partitions: bool = True) -> RecoMindApp:
    """The complete app over Redis and PostgreSQL; nothing is connected yet.

    Args:
        settings: of the worker.
        takes_partitions: whether the group may give it partitions; otherwise it only serves HTTP.
    """
    read_model = ReadModel(RedisStore(settings.redis_url))
    app = create_app(settings, read_model, Archive(settings.postgres_dsn, settings.postgres_pooling))
    if not takes_partitions:
        app.conf.PartitionAssignor = cast("Any", ServingAssignor)
    app.ranking_cache.extensions = worker_extensions(settings, app.metrics)
    app.ranking_cache.has_context = settings.context != NONE
    recomind_agents.declare(app)
    routes.add_routes(app)
    return app


def create_app(settings: Settings, read_model: ReadModel, archive: Archive) -> RecoMindApp:
    """The app without tables, agents and web handlers."""
    brokers = ";".join(f"{SCHEME}://{broker}" for broker in settings.kafka_brokers.split(","))
    return RecoMindApp(
        settings,
        read_model,
        archive,
        broker=brokers,
        broker_credentials=credentials(settings),
        autodiscover=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication_factor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,  # with Faust's default of 1, a fifth worker gets none of 8 partitions
        web_host=_url_host(settings.web_host),
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


def _url_host(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address is in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def run(settings: Settings, *, takes_partitions: bool = True) -> None:
    """Run a worker until a signal stops it. Exits the process, with code 1 after a failure; arguments as of `build`."""
    uvloop.install()
    logging.disable(logging.DEBUG)  # Faust and aiokafka create two debug records for each record they send
    gc.set_threshold(*GC_THRESHOLDS)
    app = build(settings, takes_partitions=takes_partitions)
    Worker(app, loglevel=settings.log_level.upper(), redirect_stdouts=False).execute_from_commandline()


class Worker(faust.Worker):
    """A Faust worker that limits repeated log lines, and exits its process as soon as everything has stopped."""

    def _setup_logging(self) -> None:
        super()._setup_logging()
        limit_repetitions()

    def _shutdown_loop(self) -> None:
        """Exit here: nothing is left to do, and Faust would wait a second or two before it closes the loop.

        After that, the interpreter would be finalised while the watchdog's thread still runs, which once crashed a
        failed worker with a segmentation fault.
        """
        failed = self.crash_reason or sys.exc_info()[1]  # before the app has started, an error is still propagating
        if failed:
            self.log.critical("stopped after a failure: %r", failed)
        logging.shutdown()
        os._exit(1 if failed else 0)
