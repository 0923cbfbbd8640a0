"""Where workers' statistics are stored, for the pages of all workers."""

from recomind.recommender.blend.model import Weights
from recomind.runtime.worker_stats import ClusterStats
from recomind.runtime.worker_stats_store import HISTORY_POINTS, MAX_AGE_S, WorkerStatsStore
from recomind.stores import keys
from recomind.stores.memory_store import InMemoryStore
from tests.unit.runtime.samples import stats_of


async def test_a_worker_whose_first_partition_moved_is_listed_once_with_its_latest_statistics():
    store = WorkerStatsStore(InMemoryStore(), 8)
    await store.publish(stats_of("a", (0, 1), measured_at=1.0))
    await store.publish(stats_of("b", (0,), measured_at=2.0))
    await store.publish(stats_of("a", (1,), measured_at=2.0))
    assert [(one.worker, one.partitions) for one in await store.workers()] == [("b", (0,)), ("a", (1,))]


async def test_workers_without_partitions_come_last_and_are_listed_once_as_long_as_they_publish():
    now = [100.0]
    store = WorkerStatsStore(InMemoryStore(lambda: now[0]), 8, lambda: now[0])
    await store.publish(stats_of("server b", (), measured_at=99.0))
    await store.publish(stats_of("a", (0, 1), measured_at=99.0))
    for at in (98.0, 99.0):
        await store.publish(stats_of("server a", (), measured_at=at))
    await store.publish(stats_of("was a server", (), measured_at=98.0))
    await store.publish(stats_of("was a server", (2,), measured_at=99.0))
    found = [(one.worker, one.measured_at) for one in await store.workers()]
    assert found == [("a", 99.0), ("was a server", 99.0), ("server a", 99.0), ("server b", 99.0)]
    now[0] += MAX_AGE_S
    assert [one.worker for one in await store.workers() if not one.partitions] == []


async def test_statistics_expire_soon_after_their_worker_has_stopped():
    now = [0.0]
    store = WorkerStatsStore(InMemoryStore(lambda: now[0]), 8)
    await store.publish(stats_of("a", (0, 1)))
    now[0] = keys.WORKER_STATS_TTL_S + 0.1
    assert await store.workers() == []


async def test_the_history_keeps_an_hour():
    store = WorkerStatsStore(InMemoryStore(), 8)
    await store.publish(stats_of("a", (0, 1)))
    await store.append_history(Weights(), -1.0)
    [point] = await store.history()
    assert isinstance(point, ClusterStats)
    assert point.workers == 1
    for at in range(HISTORY_POINTS):
        await store.append_history(Weights(), at)
    assert [point.measured_at for point in await store.history()] == list(range(HISTORY_POINTS))


async def test_values_of_another_version_are_ignored():
    values = InMemoryStore()
    await values.set_many({keys.worker_stats(0): b"\x81\xa1a\x01", keys.STATS_HISTORY: b"\x91\x81\xa1a\x01"})
    store = WorkerStatsStore(values, 8)
    assert (await store.workers(), await store.history()) == ([], [])
    await store.append_history(Weights(), 7.0)
    assert [point.measured_at for point in await store.history()] == [7.0]
