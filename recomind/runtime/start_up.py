"""What a worker does before Faust starts anything: connect, and check that what exists already fits."""

from contextlib import suppress
from typing import TYPE_CHECKING

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.runtime.log_check import open_log

if TYPE_CHECKING:
    from recomind.runtime.app import RecoMindApp

logger = get_logger(__name__)


async def start_up(app: "RecoMindApp") -> None:
    """Connect to PostgreSQL and Kafka, create tables and topics, and check them and Redis.

    Raises:
        RecoMindError: something exists that does not fit; the message says what to do.
    """
    for text in app.ranking_cache.extensions.not_loaded:
        logger.error("%s", text)
    await app.archive.open()
    app.checks.log, app.checks.topics = await open_log(app.options, app.archive)
    app.archive.log, app.read_model.log_id = app.actions_log, app.actions_log.log_id
    with suppress(UnavailableError):
        await warn_of_eviction(app)
    with suppress(UnavailableError):  # checked again before partitions are published
        await app.read_model.check_encoding()
    await app.kafka_producer.start()
    await app.live_settings.start(from_beginning=True)
    await app.catalogue_stream.start()  # before the catalogue is read, so that no change is missed
    app.ranking_cache.loader.catalogue.expire(app.kafka_producer.clock.now())
    await app.ranking_cache.loader.catalogue.follow()
    with suppress(UnavailableError):  # without Redis there are no stored lists; tried again with each report
        await app.ranking_cache.loader.catalogue.returned.exchange(app.read_model.store)
    await app.ranking_cache.users.follow()
    app.ranking_cache.rules.advance(app.kafka_producer.clock.now())
    await app.rule_stream.start(from_beginning=True)
    app.ranking_cache.experiments.advance(app.kafka_producer.clock.now())
    await app.experiment_stream.start(from_beginning=True)


async def warn_of_eviction(app: "RecoMindApp") -> None:
    """Log a warning if Redis may delete values to make room for others."""
    policy = await app.read_model.store.eviction_policy()
    if policy != "noeviction":
        logger.warning(
            "Redis deletes values when its memory is full (maxmemory-policy %s), so that users get worse lists until "
            "they are published again: run `redis-cli CONFIG SET maxmemory-policy noeviction`, and give it more memory",
            policy,
        )
