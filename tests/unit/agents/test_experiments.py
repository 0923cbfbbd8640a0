"""Guardrails stop a harmful arm by a record of the topic."""

import msgspec
import pytest

from recomind.model.experiments import Arm, Experiment, ExperimentRecord, Guardrail
from recomind.settings import Settings
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.served_statistics import ServedStatistics, StoredCounts
from recomind.worker import build
from recomind_agents.experiments import stop_breached
from tests.unit.experiments.test_results import counted

GUARDED = Experiment(arms=(Arm(name="A"), Arm(name="B")), guardrails=(Guardrail(metric="like_rate", worse_by=0.01),))


@pytest.fixture
def app():
    made = build(Settings(redis_url="redis://127.0.0.1:1", partitions=4))
    made.read_model.store = InMemoryStore()
    return made


@pytest.fixture
def sent(app):
    records = []

    async def send(_, record):
        records.append(record)
        app.ranking_cache.experiments.apply(record)

    app.experiment_stream.send = send
    return records


async def stored(app, rates):
    values = {partition: StoredCounts(experiments=one) for partition, one in enumerate(counted(rates))}
    await ServedStatistics(app.read_model).put_counts(values)


async def test_a_harmful_arm_is_stopped_once(app, sent):
    app.ranking_cache.experiments.advance(10.0)
    app.ranking_cache.experiments.apply(ExperimentRecord("e", GUARDED, 1.0))
    await stop_breached(app)
    assert sent == []
    await stored(app, {"A": 0.14, "B": 0.08})
    await stop_breached(app)
    await stop_breached(app)
    [record] = sent
    assert record.created_at == 1.0
    assert list(record.stopped) == ["B"]


async def test_arms_of_experiments_that_do_not_run_are_left_alone(app, sent):
    await stored(app, {"A": 0.14, "B": 0.08})
    await stop_breached(app)
    app.ranking_cache.experiments.apply(ExperimentRecord("e", msgspec.structs.replace(GUARDED, guardrails=()), 1.0))
    app.ranking_cache.experiments.advance(10.0)
    await stop_breached(app)
    assert sent == []


async def test_guardrails_wait_while_redis_is_away(app, sent):
    app.ranking_cache.experiments.advance(10.0)
    app.ranking_cache.experiments.apply(ExperimentRecord("e", GUARDED, 1.0))
    app.read_model.store = build(Settings(redis_url="redis://127.0.0.1:1")).read_model.store
    await stop_breached(app)
    assert sent == []
