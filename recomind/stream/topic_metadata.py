"""Ids and partitions of topics, by a version of Kafka's metadata request that aiokafka does not have (KIP-516)."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

METADATA_KEY: Final = 3
METADATA_VERSION: Final = 12
"""The first version that finds topics by name and answers ids for all of them; Kafka 3.1 and later know it."""

NO_UUID: Final = UUID(int=0)


class KafkaTopic(NamedTuple):
    """A topic as it is in Kafka now."""

    topic_id: str
    """Changes when the topic is deleted and created again; empty if the broker is older than Kafka 3.1."""
    partitions: int


class KafkaTopics(NamedTuple):
    """Topics of a cluster."""

    cluster_id: str
    topics: dict[str, KafkaTopic]
    """Name to topic, without those that do not exist."""

    def id_of(self, topic: str) -> str:
        """The ids of the cluster and of a topic that exists."""
        return f"{self.cluster_id}/{self.topics[topic].topic_id}"


class _Uuid(AbstractType):  # type: ignore[misc]  # aiokafka ships no types
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TAGS: Final = ("tags", TaggedFields)
_INTEGERS: Final = CompactArray(Int32)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = METADATA_KEY
    API_VERSION = METADATA_VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                _TAGS,
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", _INTEGERS),
                        ("in_sync_replicas", _INTEGERS),
                        ("offline_replicas", _INTEGERS),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = METADATA_KEY
    API_VERSION = METADATA_VERSION
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY = METADATA_KEY

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class([(NO_UUID, name, {}) for name in self._names], False, False, {})


async def describe_topics(admin: AIOKafkaAdminClient, names: Iterable[str]) -> KafkaTopics:
    """Those of the named topics that exist; no topic is created by asking.

    Raises:
        KafkaError: Kafka does not answer.
    """
    try:
        found = (await admin._send_request(_MetadataRequest(names))).to_object()
    except NotImplementedError:  # the broker is older than Kafka 3.1
        return await _describe_without_ids(admin, names)
    topics = {one["name"]: one for one in found["topics"] if not one["error_code"] and one["partitions"]}
    ids = {name: "" if one["topic_id"] == NO_UUID else str(one["topic_id"]) for name, one in topics.items()}
    return KafkaTopics(
        found["cluster_id"] or "",
        {name: KafkaTopic(ids[name], len(one["partitions"])) for name, one in topics.items()},
    )


async def _describe_without_ids(admin: AIOKafkaAdminClient, names: Iterable[str]) -> KafkaTopics:
    existing = sorted(set(names) & set(await admin.list_topics()))
    found = await admin.describe_topics(existing) if existing else []
    cluster = await admin.describe_cluster()
    topics = {one["topic"]: KafkaTopic("", len(one["partitions"])) for one in found if one["partitions"]}
    return KafkaTopics(cluster.get("cluster_id") or "", topics)


def is_same_log(log_id: str, known: str) -> bool:
    """Whether two ids are those of one log; a broker before Kafka 3.1 did not tell the topic's."""
    cluster, _, topic_id = log_id.rpartition("/")
    known_cluster, _, known_topic_id = known.rpartition("/")
    return cluster == known_cluster and (topic_id == known_topic_id or not (topic_id and known_topic_id))
