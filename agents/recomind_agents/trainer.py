"""Exchange what workers have learned: the blend's weights, and the factors that videos share.

Training itself belongs to `profiles`: an outcome is learned before its signals are sent, see `runtime.trainer`.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Final

from recomind.model.ids import Partition
from recomind.recommender.blend.model import merge
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.runtime.app import RecoMindApp
from recomind.runtime.shared_factors import EXCHANGE_INTERVAL_S
from recomind.runtime.worker_stats import weights_by_feature

SNAPSHOT_INTERVAL_S: Final = 600.0
"""Time between two versions of the weights that are kept."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.timer(app.options.trending_interval, name="trainer.exchange_weights")(partial(exchange_weights, app))
    app.timer(SNAPSHOT_INTERVAL_S, on_leader=True, name="trainer.keep_snapshot")(partial(keep_snapshot, app))
    app.timer(EXCHANGE_INTERVAL_S, name="trainer.exchange_factors")(
        partial(exchange_factors, app, dict[Partition, int]())
    )


async def exchange_weights(app: RecoMindApp) -> None:
    """Publish this worker's weights as an absolute value, and continue from the merged weights of all workers."""
    cache, owned = app.ranking_cache, app.assignment.partitions
    pinned = await app.read_model.pinned_weights()
    app.trainer.is_paused = pinned is not None
    if pinned is not None:
        cache.weights = pinned
        return
    sent = cache.weights
    if owned and (sent.version or sent.outcomes.likes):
        await app.read_model.put_weights(min(owned), sent)
    known = [one for one in await app.read_model.weights(app.options.partitions) if one.fits(len(FEATURE_NAMES))]
    if known and cache.weights is sent:  # else Redis is empty, or it has learned meanwhile and exchanges next time
        cache.weights = merge(known)
    for name, weight in weights_by_feature(cache.weights).items():
        app.metrics.blend_weight.labels(name).set(weight)


async def keep_snapshot(app: RecoMindApp) -> None:
    """Keep the weights as a version that can be pinned or rolled back to."""
    weights = app.ranking_cache.weights
    if (weights.version or weights.outcomes.likes) and not app.trainer.is_paused:
        await app.read_model.put_weights_snapshot(datetime.now(UTC).strftime("%Y%m%dT%H%M%S"), weights)


async def exchange_factors(app: RecoMindApp, adopted: dict[Partition, int]) -> None:
    """Take stored sums of new partitions over, then exchange sums.

    Args:
        app: whose factors.
        adopted: partition to the generation in which its sums were taken over.
    """
    generation = app.consumer_generation_id
    for partition in app.assignment.partitions:
        if partition not in adopted or adopted[partition] < generation - 1:
            await app.shared_factors.adopt(partition)
        adopted[partition] = generation
    for partition in adopted.keys() - app.assignment.partitions:
        del adopted[partition]
    await app.shared_factors.exchange()
