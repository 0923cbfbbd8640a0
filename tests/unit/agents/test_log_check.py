"""A worker tells at once that topics have changed, and stops when its log is gone."""

import logging
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError

from recomind.errors import LogReplacedError
from recomind.model.log_identity import LogIdentity
from recomind.runtime.health import Health
from recomind.runtime.heartbeat import Heartbeat
from recomind.runtime.server_checks import ServerChecks
from recomind.settings import Settings
from recomind.stream.topic_metadata import KafkaTopic, KafkaTopics
from recomind.stream.topics import ACTIONS
from recomind_agents import log_check
from recomind_agents.log_check import MAX_CHECKS_WITHOUT_LOG, LogWatch

FOUND = KafkaTopics("cluster", {ACTIONS: KafkaTopic("one", 4)})


@pytest.fixture
def app(monkeypatch):
    """An app, whose attribute `found` stands for Kafka, and `problems` for the result of the checks."""
    failures = []

    async def fail(error):
        failures.append(error)

    async def describe(*_):
        if app.found is None:
            raise KafkaConnectionError
        return app.found

    async def find_changes(*_):
        return app.problems

    @asynccontextmanager
    async def admin_client(_):
        yield None

    app = SimpleNamespace(
        options=Settings(),
        checks=ServerChecks(4),
        health=Health(Heartbeat(10)),
        fail=fail,
        failures=failures,
        found=FOUND,
        problems=[],
    )
    app.checks.log = LogIdentity(4, "cluster/one")
    for name, function in (
        ("describe_topics", describe),
        ("find_changes", find_changes),
        ("admin_client", admin_client),
    ):
        monkeypatch.setattr(log_check, name, function)
    return app


async def test_a_problem_is_logged_once_and_told_until_it_is_gone(app, caplog):
    watch = LogWatch(app)
    app.problems = ["topic t has 8 partitions"]
    for _ in range(3):
        await watch.check()
    assert app.health.reasons == {"topics": "topic t has 8 partitions"}
    assert [one.message for one in caplog.records if one.levelno == logging.ERROR] == app.problems
    app.problems = []
    await watch.check()
    assert (app.health.reasons, app.failures) == ({}, [])


async def test_another_log_ends_the_worker_at_once(app):
    app.found = KafkaTopics("cluster", {ACTIONS: KafkaTopic("two", 4)})
    await LogWatch(app).check()
    [error] = app.failures
    assert isinstance(error, LogReplacedError)


async def test_a_log_that_a_starting_broker_does_not_know_yet_is_waited_for(app):
    watch = LogWatch(app)
    app.found = KafkaTopics("cluster", {})
    for _ in range(MAX_CHECKS_WITHOUT_LOG):
        await watch.check()
    assert app.failures == []
    app.found = FOUND
    await watch.check()
    app.found = KafkaTopics("cluster", {})
    for _ in range(MAX_CHECKS_WITHOUT_LOG + 1):
        await watch.check()
    assert len(app.failures) == 1


async def test_nothing_is_known_while_kafka_does_not_answer(app):
    app.found = None
    await LogWatch(app).check()
    assert (app.health.reasons, app.failures) == ({}, [])
