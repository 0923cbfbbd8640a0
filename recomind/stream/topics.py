"""The topics: their names, keys, configuration and creation.

| topic | key | value | headers |
|---|---|---|---|
| `video_actions_stream` | user id | an action or erasure record as JSON | only if rerouted: `recomind.stream.codec` |
| `video_signals` | none (the partition is the video's) | signals in MessagePack | `v`: encoding version |
| `served_lists` | user id | a `ServedListEvent` in MessagePack | none |
| `video_actions_dead_letters` | `topic:partition:offset` | the rejected value | `recomind.stream.dead_letters` |
| `<app id>-<table>-changelog` | user or video id | a table's value in MessagePack | `v`: encoding version |
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from recomind.errors import TopicMismatchError
from recomind.settings import Settings
from recomind.stream.connection import client_options

ACTIONS: Final = "video_actions_stream"
SIGNALS: Final = "video_signals"
SERVED_LISTS: Final = "served_lists"
DEAD_LETTERS: Final = "video_actions_dead_letters"
TABLES: Final = ("seen_blocks", "profiles", "popularity", "neighbours", "forgetting")

LOG_CONFIG: Final = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
"""Kafka sets the timestamps, so that producers' clocks can be checked; nothing is deleted: state is rebuilt from it."""

SERVED_LISTS_CONFIG: Final = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(30 * 86_400_000)}
"""Served lists are kept for 30 days: only their counts and what was learned from them outlive them."""

COMPACTED_CONFIG: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(32 << 20),
    "min.cleanable.dirty.ratio": "0.3",
    "max.compaction.lag.ms": str(7 * 86_400_000),
}
"""Overwritten values are deleted within a week: they may belong to an erased user."""

CREATION_POLL_INTERVAL_S: Final = 0.1
"""Time between checks whether the broker has finished creating topics."""


def changelog(app_id: str, table: str) -> str:
    """The name of a table's changelog topic."""
    return f"{app_id}-{table}-changelog"


def topic_configs(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Topic name to topic configuration, of all topics."""
    return {
        ACTIONS: LOG_CONFIG,
        SIGNALS: LOG_CONFIG,
        SERVED_LISTS: SERVED_LISTS_CONFIG,
        DEAD_LETTERS: COMPACTED_CONFIG,
        **{changelog(settings.app_id, table): COMPACTED_CONFIG for table in TABLES},
    }


async def provision(settings: Settings) -> None:
    """Create missing topics, and check the number of partitions of the others.

    Raises:
        TopicMismatchError: a topic has another number of partitions than `settings.partitions`.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await _create_missing(admin, settings)
        await _check_partition_counts(admin, settings)
    finally:
        await admin.close()


async def _create_missing(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    existing = set(await admin.list_topics())
    missing = [
        NewTopic(name, settings.partitions, settings.replication_factor, topic_configs=dict(config))
        for name, config in topic_configs(settings).items()
        if name not in existing
    ]
    if not missing:
        return
    response = await admin.create_topics(missing)
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created: {message}")


async def _check_partition_counts(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    topics = await admin.describe_topics(list(topic_configs(settings)))
    while not all(topic["partitions"] for topic in topics):  # the broker has not finished creating them
        await asyncio.sleep(CREATION_POLL_INTERVAL_S)
        topics = await admin.describe_topics(list(topic_configs(settings)))
    for topic in topics:
        found = len(topic["partitions"])
        if found != settings.partitions:
            raise TopicMismatchError(
                f"topic {topic['topic']} has {found} partitions, but the settings say {settings.partitions}: "
                f"set RECOMIND_PARTITIONS={found}, or use another RECOMIND_APP_ID and Kafka"
            )
