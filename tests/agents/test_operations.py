"""What a worker tells of itself, as an app without servers, and where all workers' pages find it."""

import pytest
from faust.types import TP

from recomind.recommender.blend.model import Weights
from recomind.runtime.worker_stats import Figures, Summary
from recomind.runtime.worker_stats_store import POINTS, Operations
from recomind.stores import keys
from recomind.stores.memory_store import MemoryValues
from recomind.worker import build
from recomind_agents.operations import Reporter
from tests.unit.test_figures import figures
from tests.web.test_keys import NOWHERE


@pytest.fixture
def app():
    made = build(NOWHERE)
    made.read_model.values = MemoryValues()
    made.owned = frozenset({1, 3})
    return made


@pytest.fixture
def operations(app):
    return Operations(app.read_model.values, 8)


async def test_a_worker_tells_its_rates_its_freshness_and_where_lists_came_from(app, operations):
    reporter = Reporter(app)
    await reporter.report()
    app.counters.actions.labels("like").inc(20)
    app.counters.served.labels("cache").inc(3)
    app.counters.fresh(0.1)
    await reporter.report()
    [told] = await operations.workers()
    assert isinstance(told, Figures)
    assert 0 < told.per_second["like"] <= 20
    assert (told.partitions, told.leads, told.served["cache"], sum(told.freshness.values())) == ((1, 3), False, 3, 1)
    assert app.figures == told
    assert told.memory > 10_000_000


async def test_lag_is_of_the_partitions_that_the_worker_has_and_from_what_was_committed_before_it_came(app):
    stream = "video_actions_stream"
    app.monitor.tp_end_offsets = {TP(stream, 1): 100, TP(stream, 2): 500, TP(stream, 3): 70}
    app.consumer._committed_offset[TP(stream, 1)] = 90
    app.observe()
    assert app.counters.registry.get_sample_value("recomind_lag", {"topic": stream}) == 80
    assert app.counters.registry.get_sample_value("recomind_partition_owned", {"partition": "3"}) == 1
    assert app.counters.registry.get_sample_value("recomind_partition_owned", {"partition": "2"}) is None


async def test_the_leader_alone_keeps_an_hour_of_history(app, operations):
    reporter = Reporter(app)
    await reporter.report()
    await reporter.remember()
    assert await operations.history() == []
    app.owned = frozenset({0, 1})
    await reporter.report()
    await reporter.remember()
    [point] = await operations.history()
    assert isinstance(point, Summary)
    assert point.workers == 1
    for at in range(POINTS):
        await operations.remember(Weights(), at)
    assert [point.at for point in await operations.history()] == list(range(POINTS))


async def test_a_worker_whose_first_partition_has_moved_is_told_once_as_it_was_last():
    operations = Operations(MemoryValues(), 8)
    await operations.put(figures("a", (0, 1), at=1.0))
    await operations.put(figures("b", (0,), at=2.0))
    await operations.put(figures("a", (1,), at=2.0))
    assert [(one.worker, one.partitions) for one in await operations.workers()] == [("b", (0,)), ("a", (1,))]


async def test_figures_vanish_with_their_worker():
    now = [0.0]
    operations = Operations(MemoryValues(lambda: now[0]), 8)
    await operations.put(figures("a", (0, 1)))
    now[0] = keys.FIGURES_TTL + 0.1
    assert await operations.workers() == []


async def test_what_another_version_has_written_is_passed_over():
    values = MemoryValues()
    await values.set_many({keys.figures(0): b"\x81\xa1a\x01", keys.OPERATIONS_HISTORY: b"\x91\x81\xa1a\x01"})
    operations = Operations(values, 8)
    assert (await operations.workers(), await operations.history()) == ([], [])
    await operations.remember(Weights(), 7.0)
    assert [point.at for point in await operations.history()] == [7.0]
