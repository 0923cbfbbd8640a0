"""Guardrails stop a harmful arm by a record of the topic."""

import msgspec
import pytest

from recomind.model.experiments import GUARDRAIL, Arm, Experiment, ExperimentRecord, Guardrail
from recomind.recommender.blend import network
from recomind.recommender.blend.model import LINEAR_ROWS, Weights
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.settings import Settings
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.served_statistics import ServedStatistics, StoredCounts
from recomind.worker import build
from recomind_agents.experiments import exchange_weights, stop_breached
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

    async def send(_, record, changed_by):
        records.append(msgspec.structs.replace(record, changed_by=changed_by))
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
    assert record.changed_by == GUARDRAIL


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


async def test_workers_exchange_what_they_have_learned_for_an_arm(app):
    other = build(Settings(redis_url="redis://127.0.0.1:1", partitions=4))
    other.read_model.store = app.read_model.store
    arms = (Arm(name="A"), Arm(name="B", own_weights=True))
    for one, partition in ((app, 0), (other, 1)):
        one.assignment.partitions = frozenset({partition})
        one.ranking_cache.experiments.advance(10.0)
        one.ranking_cache.experiments.apply(ExperimentRecord("e", Experiment(arms=arms, forced={"b": "B"}), 1.0))
    parameters = network.initial_parameters(LINEAR_ROWS, len(FEATURE_NAMES)).tobytes()
    zeros = bytes(8 * len(FEATURE_NAMES))
    with app.ranking_cache.learning_from("b", None):
        app.ranking_cache.weights = Weights(1, 1, parameters, parameters, zeros, zeros)
    for one in (app, other, app):
        await exchange_weights(one)
    [learned] = app.ranking_cache.arm_weights.learned.values()
    assert learned.version == 1
    assert app.ranking_cache.weights == other.ranking_cache.weights == Weights()
    assert list(other.ranking_cache.arm_weights.learned.values()) == [learned]
