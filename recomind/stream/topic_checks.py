"""Checks of topics that exist already: partitions and configuration, each with what to do about it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from mode.utils.logging import get_logger

from recomind.settings import Settings
from recomind.stream.topic_metadata import KafkaTopics

logger = get_logger(__name__)

CHECKED_CONFIGS: Final = ("cleanup.policy", "message.timestamp.type", "retention.ms", "retention.bytes")
"""What must be as configured; the rest of a topic's configuration is a matter of performance."""

MIN_MESSAGE_BYTES: Final = 600_000
"""Smallest `max.message.bytes`: the producer's batches of 512 KiB and what Kafka adds to them."""

MAX_MESSAGE_BYTES: Final = "max.message.bytes"

MORE_PARTITIONS: Final = "see More partitions in docs/operations.md"


async def find_problems(
    admin: AIOKafkaAdminClient, settings: Settings, found: KafkaTopics, expected: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Sentences about topics that are not as they have to be; empty if all are right.

    Args:
        admin: a connected client.
        settings: partitions, and the brokers that a command names.
        found: the topics that exist.
        expected: topic to the configuration with which it would be created.

    Raises:
        KafkaError: Kafka does not answer.
    """
    counts = {name: topic.partitions for name, topic in found.topics.items()}
    problems = list(partition_problems(counts, settings.partitions))
    configs = await _read_configs(admin, counts)
    for name, config in configs.items():
        problems += config_problems(name, config, expected[name], settings.kafka_brokers)
    return problems


def partition_problems(counts: Mapping[str, int], partitions: int) -> Iterator[str]:
    """A sentence if topics have other numbers of partitions than the settings say."""
    wrong = {name: count for name, count in counts.items() if count != partitions}
    if not wrong:
        return
    found = ", ".join(f"topic {name} has {count} partitions" for name, count in wrong.items())
    numbers = set(counts.values())
    advice = f"set RECOMIND_PARTITIONS={numbers.pop()}" if len(numbers) == 1 else MORE_PARTITIONS
    yield f"{found}, but RECOMIND_PARTITIONS is {partitions}: {advice}"


def config_problems(name: str, found: Mapping[str, str], expected: Mapping[str, str], brokers: str) -> Iterator[str]:
    """A sentence with the command to run if the configuration of a topic is not as it has to be.

    Args:
        name: of the topic.
        found: its configuration in Kafka.
        expected: the configuration with which it would be created.
        brokers: addresses for the command.
    """
    wrong = {key: found[key] for key in CHECKED_CONFIGS if key in expected and found.get(key, "") != expected[key]}
    right = {key: expected[key] for key in wrong}
    if int(found.get(MAX_MESSAGE_BYTES, MIN_MESSAGE_BYTES)) < MIN_MESSAGE_BYTES:
        wrong[MAX_MESSAGE_BYTES], right[MAX_MESSAGE_BYTES] = found[MAX_MESSAGE_BYTES], "1048588"
    if wrong:
        yield (
            f"topic {name} has {_listed(wrong)}, but needs {_listed(right)}: run `kafka-configs.sh --bootstrap-server "
            f"{brokers} --alter --entity-type topics --entity-name {name} --add-config {','.join(_pairs(right))}`"
        )


async def _read_configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Topic to its effective configuration, without topics whose configuration must not be read."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources) if resources else ():
        for code, message, _, name, entries in response.resources:
            if code:
                logger.warning("the configuration of topic %s is not checked: %s", name, message or f"error {code}")
            else:
                found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _listed(config: Mapping[str, Any]) -> str:
    return " and ".join(_pairs(config))


def _pairs(config: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in config.items()]
