"""Before offsets are committed, every stage has made durable what later stages and the offsets claim."""

import asyncio
from types import SimpleNamespace

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from recomind.errors import StalledError, TooLargeError, UnavailableError
from recomind.runtime.commit import STAGES, Commit, Stage
from recomind.runtime.health import REFUSED, WAITING, Health
from recomind.runtime.heartbeat import Heartbeat
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.consumer import Consumer
from recomind.worker import build, create_app
from recomind_agents import popularity, watermarks


class Steps:
    """A commit whose steps record their names."""

    def __init__(self):
        self.ran, self.stalls = [], []
        self.heartbeat = Heartbeat(10.0)
        self.health = Health(self.heartbeat)
        self.commit = Commit(self.heartbeat, self.health, self.stalled)

    async def stalled(self, error):
        self.stalls.append(error)

    def add(self, stage, name, error=None):
        async def step():
            self.ran.append(name)
            if error is not None:
                raise error

        self.commit.register(stage, step)


@pytest.fixture
def steps():
    return Steps()


def test_the_order_of_stages_is_tables_then_stores_then_watermarks():
    assert STAGES == (Stage.TABLES, Stage.STORES, Stage.WATERMARKS)


async def test_steps_run_stage_by_stage_in_the_order_of_registration(steps):
    steps.add(Stage.WATERMARKS, "watermarks")
    steps.add(Stage.STORES, "popularity in Redis")
    steps.add(Stage.TABLES, "table 1")
    steps.add(Stage.STORES, "popularity in PostgreSQL")
    steps.add(Stage.TABLES, "table 2")
    assert await steps.commit.run()
    assert steps.ran == ["table 1", "table 2", "popularity in Redis", "popularity in PostgreSQL", "watermarks"]


@pytest.mark.parametrize("failing", STAGES)
async def test_a_failing_stage_stops_the_later_ones_and_the_commit(steps, failing):
    for stage in STAGES:
        steps.add(stage, stage, UnavailableError("Redis", OSError("away")) if stage is failing else None)
    assert not await steps.commit.run()
    assert steps.ran == [stage for stage in STAGES if stage <= failing]
    assert steps.heartbeat.is_waiting_for_server
    assert steps.health.reasons == {WAITING: "commit postponed: Redis does not answer: away"}


async def test_a_commit_that_kafka_refuses_is_told_as_such_and_not_as_an_outage_until_one_succeeds(steps):
    refusals = [TooLargeError("Kafka", OSError("2 MB"), "raise the limit")]

    async def store():
        if refusals:
            raise refusals.pop()

    steps.commit.register(Stage.TABLES, store)
    assert not await steps.commit.run()
    assert not steps.heartbeat.is_waiting_for_server  # so the watchdog ends the worker if it goes on
    assert steps.health.reasons[REFUSED].endswith("Kafka refuses the request: 2 MB; raise the limit")
    assert await steps.commit.run()
    assert steps.health.reasons == {}


async def test_a_process_that_was_blocked_does_not_commit_and_stops(steps):
    steps.add(Stage.TABLES, "tables", error := StalledError(7.6))
    steps.add(Stage.STORES, "stores")
    assert not await steps.commit.run()
    assert (steps.ran, steps.stalls) == (["tables"], [error])


async def test_a_commit_waits_for_a_concurrent_one():
    may_end, ran = asyncio.Event(), []
    commit = Commit(heartbeat := Heartbeat(10.0), Health(heartbeat), None)

    async def step():
        ran.append("begins")
        await may_end.wait()
        ran.append("ends")

    commit.register(Stage.TABLES, step)
    both = asyncio.gather(commit.run(), commit.run())
    await asyncio.sleep(0.01)
    assert ran == ["begins"]
    may_end.set()
    assert await both == [True, True]
    assert ran == ["begins", "ends", "begins", "ends"]


@pytest.mark.parametrize("is_durable", [True, False])
async def test_offsets_are_committed_only_after_all_steps(monkeypatch, is_durable):
    committed = []

    async def commit_offsets(_, offsets, start_new_transaction=True):
        committed.append(offsets)
        return True

    async def before_commit():
        assert committed == []
        return is_durable

    monkeypatch.setattr(driver.Consumer, "_commit_offsets", commit_offsets)
    consumer = object.__new__(Consumer)
    consumer._batch_app = SimpleNamespace(failure=None, before_commit=before_commit)
    offsets = {TP("video_actions_stream", 0): 7}
    assert await consumer._commit_offsets(offsets) is is_durable
    assert committed == ([offsets] if is_durable else [])


def test_every_part_of_a_worker_registers_in_the_stage_of_what_it_writes():
    """Changed only on purpose: this is the order in which a worker becomes durable."""
    steps = build(Settings(redis_url="redis://127.0.0.1:1")).commit_steps._steps
    owners = [getattr(step, "__self__", None) for step in steps[Stage.STORES]]
    assert len(steps[Stage.TABLES]) == 6
    assert [type(owner).__name__ for owner in owners] == [
        "WriteBehind",  # profiles and blocks of seen videos
        "ProfileProcessor",  # which sessions are in these profiles
        "WriteBehind",  # popularity
        "WriteBehind",  # popularity in PostgreSQL
        "WindowedTopPublisher",  # top lists, if users were erased
        "WriteBehind",  # neighbours
        "WriteBehind",  # erasures
        "FiguresProcessor",  # counts of what was shown
    ]
    assert [type(step.__self__) for step in steps[Stage.WATERMARKS]] == [watermarks.Watermarks]


async def test_popularity_is_in_its_changelog_before_readers_see_it():
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    popularity.declare(app)
    writes = []

    async def flush(_):
        writes.append("changelog")

    async def put_popularity(_):
        writes.append("Redis")

    app.state_tables["popularity"].flush = flush
    app.table_writers["popularity"]._write = put_popularity
    app.table_writers["popularity"].add("v", None)
    assert await app.before_commit()
    assert writes == ["changelog", "Redis"]
