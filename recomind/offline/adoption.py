"""Adopt a log that replaced another one: forget what was derived from that, and fill it from the archive.

The archive holds every action once. Its rows are written to the new log with their ids as event ids, so that the
workers make the same state again and archive nothing twice.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from recomind.errors import InputError
from recomind.model.events import Action
from recomind.settings import Settings
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import action_of
from recomind.stores.key_value import MAX_KEYS_PER_COMMAND, KeyValueStore
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.consumer_group import group_has_committed
from recomind.stream.log_reader import end_offsets
from recomind.stream.log_replay import CHUNK_ACTIONS, send_actions
from recomind.stream.producer import Producer
from recomind.stream.topic_metadata import describe_topics, is_same_log

Progress = Callable[[str], None]
"""Called with a description of each step."""

DELETE_TOPIC: Final = "kafka-topics.sh --bootstrap-server {brokers} --delete --topic {topic}"


async def adopt_log(settings: Settings, *, append: bool = False, on_progress: Progress = lambda _: None) -> int:
    """Adopt the log that Kafka has now; returns how many actions of the archive it was filled with.

    Args:
        settings: the addresses of the servers.
        append: whether the log may hold records already.
        on_progress: called with a description of each step.

    Raises:
        InputError: there is nothing to adopt, or something has to be deleted first; the message says what.
        UnavailableError: a server does not answer.
    """
    archive, store = Archive(settings.postgres_dsn), RedisStore(settings.redis_url)
    await archive.open()
    try:
        on_progress("checking the topics")
        log_id = await _new_log_id(settings, archive, append=append)
        on_progress("deleting what was derived from the old log")
        await delete_derived(store)
        count = await _fill(settings, archive, on_progress)
        await archive.logs.adopt(log_id, settings.partitions)
    finally:
        await archive.close()
        await store.close()
    return count


async def delete_derived(store: KeyValueStore) -> None:
    """Delete every key that follows from a log of actions."""
    for prefix in keys.DERIVED_PREFIXES:
        found = [key async for key in store.scan_keys(prefix)]
        for start in range(0, len(found), MAX_KEYS_PER_COMMAND):
            await store.delete(found[start : start + MAX_KEYS_PER_COMMAND])


async def _new_log_id(settings: Settings, archive: Archive, *, append: bool) -> str:
    """Create missing topics, and check that they are new; returns the id of the log."""
    known = await archive.logs.current(settings.partitions)
    async with topics.admin_client(settings) as admin:
        found = await describe_topics(admin, [topics.ACTIONS])
        if known is None or (topics.ACTIONS in found.topics and is_same_log(found.id_of(topics.ACTIONS), known.log_id)):
            raise InputError("there is nothing to adopt: PostgreSQL knows no other log than the one in Kafka")
        if await group_has_committed(admin, settings.app_id):
            raise InputError(
                f"the group {settings.app_id} has read another log in this Kafka: stop all workers, and delete it with "
                f"`kafka-consumer-groups.sh --bootstrap-server {settings.kafka_brokers} --delete --group "
                f"{settings.app_id}`"
            )
    found = await topics.provision(settings)
    for topic in topics.state_topics(settings.app_id):
        if await _count(settings, topic):
            command = DELETE_TOPIC.format(brokers=settings.kafka_brokers, topic=topic)
            raise InputError(f"topic {topic} holds state of another log: delete it with `{command}`")
    records = await _count(settings, topics.ACTIONS)
    if records and not append:
        raise InputError(
            f"the log holds {records} records already. If producers wrote them, use --append. If an adoption was "
            f"interrupted, delete the topic {topics.ACTIONS} and begin again"
        )
    return found.id_of(topics.ACTIONS)


async def _fill(settings: Settings, archive: Archive, on_progress: Progress) -> int:
    """Write the archive's actions to the log; returns their number."""
    producer, written = Producer(client_options(settings)), 0
    await producer.start()
    try:
        async with aclosing(_chunks(archive)) as chunks:
            async for chunk in chunks:
                await send_actions(producer, settings.partitions, chunk)
                written += len(chunk)
                on_progress(f"{written:,} actions of the archive written")
    finally:
        await producer.stop()
    return written


async def _chunks(archive: Archive) -> AsyncGenerator[list[Action], None]:
    chunk: list[Action] = []
    async for row in archive.all_actions(in_order=True):
        chunk.append(action_of(row))
        if len(chunk) == CHUNK_ACTIONS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _count(settings: Settings, topic: str) -> int:
    return sum((await end_offsets(client_options(settings), topic, settings.partitions)).values())
