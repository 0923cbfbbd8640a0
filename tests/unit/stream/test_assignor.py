"""A member that only serves gets no partitions, whoever of the group divides them."""

from itertools import chain

import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataResponse_v1

from recomind.settings import Settings
from recomind.worker import build

TOPICS = {"a", "b"}
PARTITIONS = 4
SETTINGS = Settings(kafka_brokers="127.0.0.1:1", postgres_dsn="postgresql://127.0.0.1:1/x", redis_url="redis://x")


def member(*, takes_partitions):
    return build(SETTINGS, takes_partitions=takes_partitions).assignor


def cluster():
    found = ClusterMetadata()
    topics = [(0, name, False, [(0, one, 0, [0], [0]) for one in range(PARTITIONS)]) for name in sorted(TOPICS)]
    found.update_metadata(MetadataResponse_v1([(0, "host", 9092, None)], 0, topics))
    return found


@pytest.mark.parametrize("divides", ["worker", "server"])
@pytest.mark.parametrize("servers", [1, 2])
def test_workers_share_all_partitions_and_servers_get_none(divides, servers):
    worker, server = member(takes_partitions=True), member(takes_partitions=False)
    members = {f"worker {number}": worker.metadata(TOPICS) for number in range(2)}
    members |= {f"server {number}": server.metadata(TOPICS) for number in range(servers)}
    leader = worker if divides == "worker" else server
    found = {name: dict(one.assignment) for name, one in leader.assign(cluster(), members).items()}
    assert all(found[f"server {number}"] == {} for number in range(servers))
    for topic in TOPICS:
        shares = [found[f"worker {number}"][topic] for number in range(2)]
        assert (sorted(len(share) for share in shares), sorted(chain(*shares))) == ([2, 2], list(range(PARTITIONS)))


def test_a_group_without_workers_assigns_nothing():
    server = member(takes_partitions=False)
    found = server.assign(cluster(), {"server": server.metadata(TOPICS)})
    assert list(found["server"].assignment) == []
