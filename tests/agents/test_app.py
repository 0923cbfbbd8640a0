"""How an app is set up, and what it makes of the partitions it is given."""

import asyncio
from contextlib import nullcontext
from math import ceil

import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust.types import TP

from recomind.errors import UnavailableError
from recomind.model.signals import Origin
from recomind.recommender.blend import network
from recomind.recommender.blend.model import ROWS, Weights
from recomind.recommender.pipeline import NAMES
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.fencing import Fence
from recomind.stores.memory_store import MemoryValues
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents import recommendations


async def test_nothing_is_done_or_said_to_be_ready_before_the_tables_are_here():
    app = create_app(Settings(), ReadModel(MemoryValues()), Archive(""))
    table = app.keep("profiles", Profile)
    app.owned, app.vitals.is_member = frozenset({0}), True
    table._recovery = {0: asyncio.create_task(asyncio.sleep(60))}
    assert not app.is_ready
    table._recovery[0].cancel()
    table._values = {0: {}}
    app.rebalancing = False
    assert app.is_ready


async def test_a_worker_writes_as_of_the_generation_in_which_it_got_its_partitions():
    app = create_app(Settings(), ReadModel(MemoryValues()), Archive(""))
    app.consumer_generation_id = 7
    await app._take_over(None, {TP("video_actions_stream", 2)})
    assert app.read_model.fence == app.archive.fence == Fence("recomind", 7)
    assert (app.owned, app.vitals.is_member) == ({2}, True)
    await app._give_up()
    assert not app.vitals.is_member


async def test_a_worker_in_spare_is_ready_and_takes_what_others_have_learned():
    app = create_app(Settings(), ReadModel(MemoryValues()), Archive(""))
    app.keep("profiles", Profile)
    app.rebalancing = False
    assert not app.is_ready
    await app._take_over(None, set())
    assert (app.is_ready, app.leads) == (True, False)
    parameters = network.fresh(ROWS, len(NAMES)).tobytes()
    learned = Weights(7, 0, parameters, parameters, bytes(8 * len(NAMES)), bytes(8 * len(NAMES)))
    await app.read_model.put_weights(3, learned)
    refresher = recommendations.Refresher(app)
    for _ in range(2):
        await refresher.share_weights()
    assert app.replica.weights == learned


@pytest.mark.parametrize("partitions", [4, 8, 16])
def test_each_worker_that_comes_gets_partitions_while_there_are_enough(partitions):
    replicas = create_app(Settings(), ReadModel(MemoryValues()), Archive("")).assignor.replicas
    held = {}
    for newcomer in range(partitions):
        held[newcomer] = set()
        members = {one: CopartitionedAssignment(actives=set(some), topics={"t"}) for one, some in held.items()}
        CopartitionedAssignor({"t"}, members, partitions, replicas).get_assignment()
        held = {one: member.actives for one, member in members.items()}
        shares = [len(some) for some in held.values()]
        assert sum(shares) == partitions
        assert (min(shares) > 0, max(shares)) == (True, ceil(partitions / len(held)))


async def test_what_runs_while_something_is_set_sleeps_until_then():
    app = create_app(Settings(), ReadModel(MemoryValues()), Archive(""))
    await app._take_over(None, set())
    app.rebalancing, times, tasks = False, [], []
    app.task = lambda: tasks.append

    async def run():
        times.append(app.stirred.is_set())
        app.stirred.clear()

    app.every(0.001, run, app.stirred)
    ticking = asyncio.create_task(tasks[0]())
    await asyncio.sleep(0.02)
    assert times == []
    app.news.add(0, {"u": Profile()}, [Origin(0, 5)])
    await asyncio.sleep(0.02)
    assert times == [True]
    ticking.cancel()


@pytest.mark.parametrize("redis_is_away", [True, False])
async def test_lists_that_are_left_are_made_at_the_next_tick(monkeypatch, redis_is_away):
    app = create_app(Settings(), ReadModel(MemoryValues()), Archive(""))
    app.keep("profiles", Profile)
    await app._take_over(None, {TP("video_actions_stream", 0)})
    app.kept["profiles"]._recovery, app.kept["profiles"]._values, app.rebalancing = {}, {}, False
    refresher = recommendations.Refresher(app)

    async def some():
        if redis_is_away:
            raise UnavailableError("Redis", OSError("away"))
        app.news.take(9)
        app.news.done()
        return 1

    monkeypatch.setattr(refresher, "_refresh_some", some)
    app.news.add(0, {"u": Profile()}, [Origin(0, 5)])
    with pytest.raises(UnavailableError) if redis_is_away else nullcontext():
        await refresher.refresh()
    assert app.stirred.is_set() is redis_is_away


def test_an_app_keeps_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    create_app(Settings(), ReadModel(MemoryValues()), Archive(""))._create_directories()
    assert list(tmp_path.iterdir()) == []
