"""Experiments: follow the topic, have them start and end by Kafka's time, and have guardrails stop arms."""

from typing import Final

from mode.utils.logging import get_logger
from msgspec.structs import replace

from recomind.errors import UnavailableError
from recomind.experiments.results import breaches
from recomind.model.experiments import GUARDRAIL
from recomind.recommender.blend.model import merge
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.runtime.app import RecoMindApp
from recomind.runtime.experiment_results import read_totals
from recomind.stores.arm_weights import all_weights, put_weights

logger = get_logger(__name__)

GUARD_INTERVAL_S: Final = 5.0
"""Time between two checks of guardrails."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.served_figures.experiments.counted_since = app.ranking_cache.experiments.counted_since

    async def guard() -> None:
        await stop_breached(app)

    async def exchange() -> None:
        await exchange_weights(app)

    app.timer(app.options.trending_interval, name="experiments.exchange_weights")(exchange)
    app.timer(GUARD_INTERVAL_S, on_leader=True, name="experiments.guard")(guard)
    app.task(app.experiment_stream.run)
    app.schedule.follow_log_time(app.ranking_cache.experiments.advance, app.kafka_producer.clock.now)


async def exchange_weights(app: RecoMindApp) -> None:
    """Publish what this worker has learned for arms, and continue from the merged weights of all workers."""
    cache, owned, store = app.ranking_cache, app.assignment.partitions, app.read_model.store
    names = cache.experiments.own_weights()
    cache.arm_weights.retain(names)
    if app.trainer.is_paused:
        return
    for name in names:
        sent = cache.arm_weights.learned.get(name)
        if sent is not None and owned:
            await put_weights(store, name, min(owned), sent)
        known = [one for one in await all_weights(store, name, app.options.partitions) if one.fits(len(FEATURE_NAMES))]
        if known and cache.arm_weights.learned.get(name) is sent:  # else it has learned meanwhile
            cache.arm_weights.learned[name] = merge(known)


async def stop_breached(app: RecoMindApp) -> None:
    """Stop the arms that guardrails of running experiments stop now."""
    book = app.ranking_cache.experiments
    guarded = [
        one
        for one in book.records.values()
        if one.experiment is not None and one.experiment.guardrails and book.is_running(one.name)
    ]
    if not guarded:
        return
    try:
        for record, totals in zip(guarded, await read_totals(app, guarded), strict=True):
            stopped = breaches(record, totals)
            if stopped and book.records.get(record.name) is record:
                for arm, reason in stopped.items():
                    logger.warning("experiment %s: arm %s is stopped, since %s", record.name, arm, reason)
                changed = replace(record, stopped={**record.stopped, **stopped})
                await app.experiment_stream.send(app.kafka_producer, changed, GUARDRAIL)
    except UnavailableError as error:
        logger.warning("guardrails of experiments are not checked: %s", error)
