"""From the training queue: test the ranking on a like, train the blend on it, exchange weights with other workers.

`refresher` decides how many examples are trained on, so that training yields to ranking.
"""

from collections.abc import Mapping
from functools import partial

from recomind.recommender import hit_rate
from recomind.recommender.blend.model import merge
from recomind.recommender.pipeline import FEATURE_NAMES, learn, rank
from recomind.runtime.app import RecoMindApp
from recomind.runtime.event_loop import yield_to_other_tasks
from recomind.runtime.training_queue import TrainingExample
from recomind.runtime.worker_stats import weights_by_feature


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.timer(app.options.trending_interval, name="trainer.exchange_weights")(partial(exchange_weights, app))


async def train(app: RecoMindApp, most: int) -> None:
    """Train on up to `most` of the oldest examples; the caller holds `app.weights_lock`."""
    examples = app.training_queue.pop_oldest(most)
    if not examples:
        return
    try:
        await app.ranking_cache.loader.load([one.profile for one in examples])
    except BaseException:
        app.training_queue.requeue(examples)
        raise
    for one in examples:
        await _train_on(app, one)


async def exchange_weights(app: RecoMindApp) -> None:
    """Publish this worker's weights as an absolute value, and continue from the merged weights of all workers."""
    cache, owned = app.ranking_cache, app.assignment.partitions
    async with app.weights_lock:  # no training meanwhile, whose result would be lost
        if owned and cache.weights.version:
            await app.read_model.put_weights(min(owned), cache.weights)
        known = await app.read_model.weights(app.options.partitions)
        cache.weights = merge(weights for weights in known if weights.fits(len(FEATURE_NAMES)))
    for name, weight in weights_by_feature(cache.weights).items():
        app.metrics.blend_weight.labels(name).set(weight)


async def _train_on(app: RecoMindApp, example: TrainingExample) -> None:
    """Test, then train. Other tasks run before it and between its two halves."""
    await yield_to_other_tasks()
    cache = app.ranking_cache
    ranked = rank(example.profile, cache.index, example.timestamp)
    await yield_to_other_tasks()
    _count_hits(app, hit_rate.hits_by_source(ranked, cache.index, cache.weights, example.video_id))
    cache.weights = learn(cache.weights, ranked, cache.index, example.video_id)
    app.metrics.training_steps.inc()


def _count_hits(app: RecoMindApp, hits: Mapping[str, bool]) -> None:
    """Count which rankers had the liked video in their top ten."""
    if not hits:
        return
    app.quality = hit_rate.add_like(app.quality, hits)
    app.metrics.prequential_likes.inc()
    for ranker, hit in hits.items():
        app.metrics.prequential_hits.labels(ranker).inc(hit)
