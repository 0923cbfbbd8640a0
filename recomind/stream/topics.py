"""The topics: names, keys, settings, and their creation. The one place that knows them.

| topic | key | value |
|---|---|---|
| `video_actions_stream` | user id | an action or control record as JSON; where sent on, headers tell from where |
| `video_signals` | none (the partition is the video's) | signals, packed |
| `video_actions_dead_letters` | origin | what could not be read; headers: `recomind.stream.dead_letters` |
| `<app id>-<table>-changelog` | user or video id | a table's value |
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
DEAD_LETTERS: Final = "video_actions_dead_letters"
TABLES: Final = ("profiles", "popularity", "neighbours", "forgetting")

STAMPED: Final = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
"""The log's own time, against which "in the future" is judged; and the log is kept, as state is rebuilt from it."""

COMPACTED: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(32 << 20),
    "min.cleanable.dirty.ratio": "0.3",
    "max.compaction.lag.ms": str(7 * 86_400_000),
}
"""An outdated value is gone after a week at the latest: it may be of somebody who was forgotten."""


def changelog(app_id: str, table: str) -> str:
    """The changelog topic of a table."""
    return f"{app_id}-{table}-changelog"


def configurations(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Every topic and its settings."""
    return {
        ACTIONS: STAMPED,
        SIGNALS: STAMPED,
        DEAD_LETTERS: COMPACTED,
        **{changelog(settings.app_id, table): COMPACTED for table in TABLES},
    }


async def provision(settings: Settings) -> None:
    """Create the topics that are missing.

    Raises:
        TopicMismatchError: one exists with another number of partitions.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await _create(admin, settings)
        await _check(admin, settings)
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    existing = set(await admin.list_topics())
    wanted = [
        NewTopic(name, settings.partitions, settings.replication_factor, topic_configs=dict(configuration))
        for name, configuration in configurations(settings).items()
        if name not in existing
    ]
    if not wanted:
        return
    response = await admin.create_topics(wanted)
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created: {message}")


async def _check(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    topics = await admin.describe_topics(list(configurations(settings)))
    while not all(topic["partitions"] for topic in topics):  # created a moment ago: the broker is still at it
        await asyncio.sleep(0.1)
        topics = await admin.describe_topics(list(configurations(settings)))
    for topic in topics:
        found = len(topic["partitions"])
        if found != settings.partitions:
            raise TopicMismatchError(
                f"topic {topic['topic']} has {found} partitions, the settings say {settings.partitions}: "
                f"set RECOMIND_PARTITIONS={found}, or use another RECOMIND_APP_ID and Kafka"
            )
