"""How an app is set up, and how it responds to its assignment."""

import asyncio
from math import ceil

import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust.types import TP

from recomind.model.signals import SourceOffset
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.fencing import Fence
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app


@pytest.fixture
def app():
    return create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))


async def test_an_app_is_ready_only_after_its_tables_are_recovered(app):
    table = app.Table("profiles", value_type=Profile)
    app.assignment.partitions, app.assignment.is_member = frozenset({0}), True
    table._recovery = {0: asyncio.create_task(asyncio.sleep(60))}
    assert not app.is_ready
    table._recovery[0].cancel()
    table._values = {0: {}}
    app.rebalancing = False
    assert app.is_ready


async def test_stores_are_written_with_the_generation_of_the_assignment(app):
    app.consumer_generation_id = 7
    await app._on_assigned(None, {TP("video_actions_stream", 2)})
    assert app.read_model.fence == app.archive.fence == Fence("recomind", 7)
    assert (app.assignment.partitions, app.assignment.is_member) == ({2}, True)
    await app._on_revoked()
    assert not app.assignment.is_member


async def test_a_spare_worker_is_ready(app):
    app.Table("profiles", value_type=Profile)
    app.rebalancing = False
    assert not app.is_ready
    await app._on_assigned(None, set())
    assert (app.is_ready, app.assignment.is_leader) == (True, False)


@pytest.mark.parametrize(("next_generation", "retained"), [(8, True), (9, False)])
async def test_state_is_retained_only_from_one_generation_to_the_next(app, next_generation, retained):
    app.consumer_generation_id = 7
    await app._on_assigned(None, {TP("video_actions_stream", 2)})
    app.backlog.folded_actions[2] = 5
    app.refresh_queue.add(2, {"u": Profile()}, [SourceOffset(2, 4)])
    app.consumer_generation_id = next_generation
    await app._on_assigned(None, {TP("video_actions_stream", 2)})
    assert (app.backlog.folded_actions == {2: 5}, len(app.refresh_queue)) == (retained, retained)


@pytest.mark.parametrize("partitions", [4, 8, 16])
def test_each_new_worker_gets_partitions_while_there_are_enough(app, partitions):
    replicas = app.assignor.replicas
    held = {}
    for newcomer in range(partitions):
        held[newcomer] = set()
        members = {one: CopartitionedAssignment(actives=set(some), topics={"t"}) for one, some in held.items()}
        CopartitionedAssignor({"t"}, members, partitions, replicas).get_assignment()
        held = {one: member.actives for one, member in members.items()}
        sizes = [len(some) for some in held.values()]
        assert sum(sizes) == partitions
        assert (min(sizes) > 0, max(sizes)) == (True, ceil(partitions / len(held)))


@pytest.mark.parametrize(("partition", "runs"), [(0, 1), (1, 0)])
async def test_a_timer_for_the_leader_runs_only_there(app, monkeypatch, partition, runs):
    timers, calls = [], []
    monkeypatch.setattr(app.schedule, "add", lambda interval, run, name, while_set: timers.append((run, name)))

    @app.timer(interval=1.0, on_leader=True, name="count")
    async def count():
        calls.append(1)

    await app._on_assigned(None, {TP("video_actions_stream", partition)})
    [(run, name)] = timers
    await run()
    assert (len(calls), name) == (runs, "count")


def test_an_app_creates_no_directories(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app._create_directories()
    assert list(tmp_path.iterdir()) == []
