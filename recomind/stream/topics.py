"""The topics: their names, keys, configuration and creation.

| topic | key | value | headers |
|---|---|---|---|
| `video_actions_stream` | user id | an action or erasure record as JSON | only if rerouted: `recomind.stream.codec` |
| `video_signals` | none (the partition is the video's) | signals in MessagePack | `v`: encoding version |
| `served_lists` | user id | a `ServedListEvent` in MessagePack | none |
| `video_catalogue` | video id | a `CatalogueChange` in MessagePack | `v`: encoding version |
| `rules` (partition 0) | kind and name, or that and an id | a `RuleRecord` in MessagePack | `v`: encoding version |
| `experiments` (partition 0) | name of the experiment | an `ExperimentRecord` in MessagePack | `v`: encoding version |
| `live_settings` | name of a setting, or that and an id | a `SettingChange` in JSON | `v`: encoding version |
| `video_actions_dead_letters` | `topic:partition:offset` | the rejected value | `recomind.stream.dead_letters` |
| `<app id>-<table>-changelog` | user or video id | a table's value in MessagePack | `v`: encoding version |
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from recomind.errors import TopicMismatchError
from recomind.settings import Settings
from recomind.stream.connection import client_options
from recomind.stream.topic_checks import find_problems
from recomind.stream.topic_metadata import KafkaTopics, describe_topics

ACTIONS: Final = "video_actions_stream"
SIGNALS: Final = "video_signals"
SERVED_LISTS: Final = "served_lists"
CATALOGUE: Final = "video_catalogue"
RULES: Final = "rules"
EXPERIMENTS: Final = "experiments"
LIVE_SETTINGS: Final = "live_settings"
DEAD_LETTERS: Final = "video_actions_dead_letters"
TABLES: Final = ("seen_blocks", "older_feedback", "profiles", "popularity", "neighbours", "forgetting")

LOG_CONFIG: Final = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
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


def state_topics(app_id: str) -> tuple[str, ...]:
    """The topics that hold what a group of workers has made from the log of actions."""
    return (SIGNALS, *(changelog(app_id, table) for table in TABLES))


def topic_configs(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Topic name to topic configuration, of all topics."""
    return {
        ACTIONS: LOG_CONFIG,
        SIGNALS: LOG_CONFIG,
        SERVED_LISTS: SERVED_LISTS_CONFIG,
        CATALOGUE: COMPACTED_CONFIG,
        RULES: COMPACTED_CONFIG,
        EXPERIMENTS: COMPACTED_CONFIG,
        LIVE_SETTINGS: COMPACTED_CONFIG,
        DEAD_LETTERS: COMPACTED_CONFIG,
        **{changelog(settings.app_id, table): COMPACTED_CONFIG for table in TABLES},
    }


def required_configs(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """What is checked of the configuration of topics that exist already. How long served lists are kept is free."""
    timestamps = {"message.timestamp.type": SERVED_LISTS_CONFIG["message.timestamp.type"]}
    return {**topic_configs(settings), SERVED_LISTS: timestamps}


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client for topics and groups."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def provision(settings: Settings) -> KafkaTopics:
    """Create missing topics, and check partitions and configuration of all of them.

    Raises:
        TopicMismatchError: a topic is not as it has to be.
    """
    async with admin_client(settings) as admin:
        await create_missing(admin, settings)
        found = await describe_topics(admin, topic_configs(settings))
        await check(admin, settings, found)
        return found


async def check(admin: AIOKafkaAdminClient, settings: Settings, found: KafkaTopics) -> None:
    """Check partitions and configuration of topics that exist.

    Raises:
        TopicMismatchError: one is not as it has to be.
    """
    problems = await find_problems(admin, settings, found, required_configs(settings))
    if problems:
        raise TopicMismatchError("\n".join(problems))


async def create_missing(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """Create the topics that do not exist; return when the broker has finished."""
    names = list(topic_configs(settings))
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
    while len((await describe_topics(admin, names)).topics) < len(names):
        await asyncio.sleep(CREATION_POLL_INTERVAL_S)
