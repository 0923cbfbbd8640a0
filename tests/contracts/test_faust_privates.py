"""The private names of Faust, aiohttp and aiokafka that we rely on still exist in the pinned versions."""

import inspect
from importlib.metadata import version

import pytest
from aiohttp.web import AppRunner, RequestHandler, Server
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.subscription_state import TopicPartitionState
from faust.app.base import App
from faust.transport.consumer import Consumer
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage
from faust.web.drivers.aiohttp import Web
from faust.worker import Worker

from recomind.stream.partitioner import partition_of


@pytest.mark.parametrize(
    ("package", "pinned"), [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")]
)
def test_the_pinned_version_is_installed(package, pinned):
    assert version(package) == pinned


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (Consumer, "getmany", ["self", "timeout"]),
        (Consumer, "_wait_next_records", ["self", "timeout"]),
        (Consumer, "on_partitions_revoked", ["self", "revoked"]),
        (Consumer, "_filter_tps_with_pending_acks", ["self", "topics"]),
        (Consumer, "_new_offset", ["self", "tp"]),
        (Consumer, "_add_gap", ["self", "tp", "offset_from", "offset_to"]),
        (Consumer, "_commit_offsets", ["self", "offsets", "start_new_transaction"]),
        (Consumer, "perform_seek", ["self"]),
        (Consumer, "wait_empty", ["self"]),
        (Consumer, "commit_and_end_transactions", ["self"]),
        (driver.Consumer, "_to_message", ["self", "tp", "record"]),
        (driver.Consumer, "_new_consumer_thread", ["self"]),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["self", "transport"]),
        (AIOKafkaAdminClient, "_send_request", ["self", "request", "node_id"]),
        (App, "_on_partitions_revoked", ["self", "revoked"]),
        (App, "_create_directories", ["self"]),
        (Worker, "_shutdown_loop", ["self"]),
        (Worker, "_setup_logging", ["self"]),
        (AppRunner, "_make_server", ["self"]),
        (RequestHandler, "finish_response", ["self", "request", "resp", "start_time"]),
        (RequestHandler, "handle_error", ["self", "request", "status", "exc", "message"]),
        (Server, "connection_made", ["self", "handler", "transport"]),
    ],
)
def test_a_private_method_has_the_parameters_that_we_pass(owner, name, parameters):
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


@pytest.mark.parametrize(
    "attribute",
    [
        "_acked",
        "_acked_index",
        "_buffered_partitions",
        "_active_partitions",
        "_paused_partitions",
        "_read_offset",
        "_committed_offset",
        "_on_partitions_revoked",
    ],
)
def test_the_consumer_has_the_attribute(attribute):
    assert f"self.{attribute}" in inspect.getsource(Consumer)


@pytest.mark.parametrize(
    ("owner", "attribute"),
    [
        (Web, "_runner"),
        (Web, "_transport_handlers"),
        (Server, "_connections"),
        (RequestHandler, "_messages"),
        (RequestHandler, "_current_request"),
        (RequestHandler, "_request_count"),
        (RequestHandler, "_next_keepalive_close_time"),
    ],
)
def test_the_web_server_has_the_attribute(owner, attribute):
    assert f"self.{attribute}" in inspect.getsource(owner)


def test_the_aiokafka_consumer_has_its_assignment_strategy():
    assert "_partition_assignment_strategy" in inspect.getsource(AIOKafkaConsumer)


def test_the_aiokafka_consumer_has_its_isolation_level_its_longest_wait_and_its_partitions_states():
    source = inspect.getsource(AIOKafkaConsumer)
    assert "isolation_level=self._isolation_level" in source
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in source
    assert "self._subscription.subscription.assignment" in source
    assert {"position", "has_valid_position"} <= {*dir(TopicPartitionState)}
    assert "self.lso = " in inspect.getsource(TopicPartitionState)
    assert "self._consumer = self._create_consumer" in inspect.getsource(driver.AIOKafkaConsumerThread)


def test_messages_have_a_generation_id():
    assert "generation_id" in ConsumerMessage.__mro__[1].__slots__


def test_the_transport_is_registered_under_its_scheme():
    from recomind.runtime import app

    assert TRANSPORTS.aliases["kafkabatch"] == "recomind.stream.consumer:Transport"
    assert app.SCHEME == "kafkabatch"


@pytest.mark.parametrize("key", ["u1", "v1", "25825", "Zoë"])
def test_a_key_has_the_partition_of_kafkas_default_partitioner(key):
    from aiokafka.partitioner import DefaultPartitioner

    assert partition_of(key, 8) == DefaultPartitioner()(key.encode(), list(range(8)), list(range(8)))
