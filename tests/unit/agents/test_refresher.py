"""The agent `refresher`: when it runs again."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from faust.types import TP

from recomind.errors import UnavailableError
from recomind.model.signals import SourceOffset
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents.refresher import Refresher


@pytest.mark.parametrize("redis_is_away", [True, False])
async def test_users_still_pending_are_ranked_by_the_next_run(monkeypatch, redis_is_away):
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    table = app.Table("profiles", value_type=Profile)
    await app._on_assigned(None, {TP("video_actions_stream", 0)})
    table._recovery, table._values, app.rebalancing = {}, {}, False
    refresher = Refresher(app)

    async def refresh_batch():
        if redis_is_away:
            raise UnavailableError("Redis", OSError("away"))
        app.refresh_queue.next_batch(9)
        app.refresh_queue.complete()
        return 1

    monkeypatch.setattr(refresher, "_refresh_batch", refresh_batch)
    app.refresh_queue.add(0, {"u": Profile()}, [SourceOffset(0, 5)])
    with pytest.raises(UnavailableError) if redis_is_away else nullcontext():
        await refresher.refresh()
    assert app.work_available.is_set() is redis_is_away


async def test_freshness_does_not_count_the_time_before_the_worker_started(monkeypatch):
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    refresher = Refresher(app)
    observed = []
    monkeypatch.setattr(app.metrics, "observe_freshness", observed.append)
    monkeypatch.setattr(app.refresh_queue, "next_batch", lambda _: {})
    monkeypatch.setattr(app.refresh_queue, "complete", lambda: [0.0])  # logged in 1970
    monkeypatch.setattr(app.ranking_cache.loader, "load", no_work)
    app.table_writers["profiles"] = SimpleNamespace(flush=no_work)
    await refresher._refresh_batch()
    assert observed[0] < 5


async def no_work(*_):
    pass
