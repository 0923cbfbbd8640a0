"""What a worker publishes of itself, as an app without servers."""

import pytest
from faust.types import TP

from recomind.runtime.worker_stats import WorkerStats
from recomind.runtime.worker_stats_store import WorkerStatsStore
from recomind.settings import Settings
from recomind.stores.memory_store import InMemoryStore
from recomind.worker import build
from recomind_agents.operations import StatsReporter


@pytest.fixture
def app():
    made = build(Settings(redis_url="redis://127.0.0.1:1"))
    made.read_model.store = InMemoryStore()
    made.assignment.partitions = frozenset({1, 3})
    return made


@pytest.fixture
def store(app):
    return WorkerStatsStore(app.read_model.store, 8)


async def test_a_worker_publishes_its_rates_its_freshness_and_where_lists_came_from(app, store):
    reporter = StatsReporter(app)
    await reporter.publish()
    app.metrics.actions.labels("like").inc(20)
    app.metrics.lists_served.labels("cache").inc(3)
    app.metrics.observe_freshness(0.1)
    await reporter.publish()
    [stats] = await store.workers()
    assert isinstance(stats, WorkerStats)
    assert 0 < stats.actions_per_second["like"] <= 20
    assert (stats.partitions, stats.is_leader) == ((1, 3), False)
    assert (stats.lists_served["cache"], sum(stats.freshness.values())) == (3, 1)
    assert app.worker_stats == stats
    assert stats.memory_bytes > 10_000_000


async def test_consumer_lag_counts_the_workers_partitions_from_their_committed_offsets(app):
    stream = "video_actions_stream"
    app.monitor.tp_end_offsets = {TP(stream, 1): 100, TP(stream, 2): 500, TP(stream, 3): 70}
    app.consumer._committed_offset[TP(stream, 1)] = 90
    app.update_gauges()
    value = app.metrics.registry.get_sample_value
    assert value("recomind_consumer_lag_records", {"topic": stream}) == 80
    assert value("recomind_partition_owned", {"partition": "3"}) == 1
    assert value("recomind_partition_owned", {"partition": "2"}) is None


async def test_only_the_leader_appends_to_the_history(app, store):
    reporter = StatsReporter(app)
    await reporter.publish()
    await reporter.append_history()
    assert await store.history() == []
    app.assignment.partitions = frozenset({0, 1})
    await reporter.publish()
    await reporter.append_history()
    [point] = await store.history()
    assert point.workers == 1
