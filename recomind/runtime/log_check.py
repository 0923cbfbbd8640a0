"""Whether Kafka still holds the log and the state that the stores were made from: checked at start, and at intervals.

| found | then |
|---|---|
| the topic of actions is gone, or another one of its name | `LogReplacedError`: offsets in the stores mean nothing |
| a topic with state is gone or another one, but its group has committed offsets | `StateLostError` |
| a topic has other partitions or another configuration than it needs | `TopicMismatchError`; later, a warning |

A broker that has just started may not know its topics yet, so one that is gone is looked for again.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic, time
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient

from recomind.errors import LogReplacedError, StateLostError, TopicMismatchError
from recomind.model.log_identity import LogIdentity
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.log_registry import KnownTopic
from recomind.stream import topics
from recomind.stream.consumer_group import group_has_committed
from recomind.stream.topic_checks import MORE_PARTITIONS, find_problems
from recomind.stream.topic_metadata import KafkaTopics, describe_topics, is_same_log

UPGRADE_S: Final = 86_400.0
"""Seconds after the first start of this version for which older workers may still run, and reroute without proof."""

MISSING_TIMEOUT_S: Final = 10.0
"""How long the topic of actions is looked for before it counts as gone."""

POLL_INTERVAL_S: Final = 0.5

FIRST_TABLES: Final = ("profiles", "popularity", "neighbours", "forgetting")
"""Tables that every version has had; others are empty at the first start with the version that brings them."""


class OpenLog(NamedTuple):
    """What a worker has found at its start."""

    log: LogIdentity
    topics: Mapping[str, KnownTopic]
    """All topics by name."""


async def open_log(settings: Settings, archive: Archive) -> OpenLog:
    """Create missing topics, check all of them, and record what is new.

    Raises:
        LogReplacedError: the log is not the one that PostgreSQL was filled from.
        StateLostError: state of this group was deleted.
        TopicMismatchError: a topic is not as it has to be.
    """
    async with topics.admin_client(settings) as admin:
        names = list(topics.topic_configs(settings))
        has_committed = await group_has_committed(admin, settings.app_id)  # before the topics are looked at
        known, log = await archive.logs.topics(names), await archive.logs.current(settings.partitions)
        found = await _describe_with_log(admin, names, must_exist=log is not None)
        check_log("PostgreSQL", log, found)
        if has_committed:
            check_state(settings, known, found)
        await topics.create_missing(admin, settings)
        found = await describe_topics(admin, names)
        await topics.check(admin, settings, found)
        check_state_partitions(settings, known, found)
    unproven_until = time() + UPGRADE_S if has_committed else 0.0
    await archive.logs.record_first(found.id_of(topics.ACTIONS), settings.partitions, unproven_until)
    current = {name: KnownTopic(*topic) for name, topic in found.topics.items()}
    await archive.logs.record_topics(current)
    recorded = await archive.logs.current(settings.partitions)
    if recorded is None:
        raise RuntimeError("the log was recorded, and is not there")
    return OpenLog(recorded, current)


async def find_changes(
    admin: AIOKafkaAdminClient, settings: Settings, opened: OpenLog, found: KafkaTopics
) -> list[str]:
    """Sentences about topics that have changed since the start, so that not all is taken in.

    Args:
        admin: a connected client.
        settings: of this worker.
        opened: what was found at the start.
        found: what is there now.

    Raises:
        StateLostError: a topic with state was deleted and created again.
        KafkaError: Kafka does not answer.
    """
    expected = topics.required_configs(settings)
    gone = sorted(expected.keys() - found.topics.keys())
    check_state(settings, opened.topics, found, except_for=gone)
    problems = [f"topic {name} is gone: see Rebuilding the state in docs/operations.md" for name in gone]
    return problems + await find_problems(admin, settings, found, expected)


def check_log(where: str, known: LogIdentity | None, found: KafkaTopics) -> None:
    """Compare the log that a store was made from with the one in Kafka.

    Raises:
        LogReplacedError: they differ.
    """
    if known is None:
        return
    current = found.id_of(topics.ACTIONS) if topics.ACTIONS in found.topics else None
    if current is None or not is_same_log(current, known.log_id):
        raise LogReplacedError(where, known.log_id, current)


def check_state(
    settings: Settings, known: Mapping[str, KnownTopic], found: KafkaTopics, except_for: Iterable[str] = ()
) -> None:
    """Check that the topics with state are those that the group has written, since it has committed offsets.

    Raises:
        StateLostError: some are not.
    """
    lost = [
        name
        for name in sorted(set(topics.state_topics(settings.app_id)) - set(except_for))
        if _is_lost(settings.app_id, name, known.get(name), found)
    ]
    if lost:
        raise StateLostError(settings.app_id, lost)


def _is_lost(app_id: str, name: str, known: KnownTopic | None, found: KafkaTopics) -> bool:
    """Whether a topic was deleted. A missing one that is unknown may be of a table that is new in this version."""
    if name in found.topics:
        return known is not None and known.topic_id != found.topics[name].topic_id
    return known is not None or name in {topics.SIGNALS, *(topics.changelog(app_id, one) for one in FIRST_TABLES)}


def check_state_partitions(settings: Settings, known: Mapping[str, KnownTopic], found: KafkaTopics) -> None:
    """Check that no topic with state was written for another number of partitions.

    Raises:
        TopicMismatchError: one was: its records are in the wrong partitions now.
    """
    for name in topics.state_topics(settings.app_id):
        before, now = known.get(name), found.topics[name]
        if before is not None and before.topic_id == now.topic_id and before.partitions != settings.partitions:
            raise TopicMismatchError(
                f"topic {name} was written for {before.partitions} partitions, but RECOMIND_PARTITIONS is "
                f"{settings.partitions}: {MORE_PARTITIONS}"
            )


async def _describe_with_log(admin: AIOKafkaAdminClient, names: Iterable[str], *, must_exist: bool) -> KafkaTopics:
    deadline = monotonic() + MISSING_TIMEOUT_S
    while True:
        found = await describe_topics(admin, names)
        if topics.ACTIONS in found.topics or not must_exist or monotonic() > deadline:
            return found
        await asyncio.sleep(POLL_INTERVAL_S)
