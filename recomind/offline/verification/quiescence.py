"""Wait until the workers have caught up with the log: only then can their state be compared."""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError, UnsettledError
from recomind.model.applied_offsets import AppliedOffsets, is_behind_watermark
from recomind.settings import Settings
from recomind.state.forgetting import Erasure
from recomind.state.profile import Profile
from recomind.stores.read_model import ReadModel
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import end_offsets, restore

POLL_INTERVAL_S: Final = 0.5


class LogEnds(NamedTuple):
    """End offset of each partition of the two logs."""

    actions: Mapping[int, int]
    signals: Mapping[int, int]


async def log_ends(settings: Settings) -> LogEnds:
    """The current end offsets."""
    actions = await end_offsets(client_options(settings), topics.ACTIONS, settings.partitions)
    signals = await end_offsets(client_options(settings), topics.SIGNALS, settings.partitions)
    return LogEnds(actions, signals)


async def wait_until_caught_up(settings: Settings, within: float) -> LogEnds:
    """Wait until the consumer group has committed both logs to their ends, and return the end offsets.

    Raises:
        UnsettledError: it has not within that many seconds.
    """
    deadline = monotonic() + within
    while True:
        ends, committed = await log_ends(settings), await committed_offsets(settings)
        lag = _lag(topics.ACTIONS, ends.actions, committed) + _lag(topics.SIGNALS, ends.signals, committed)
        if not lag and await log_ends(settings) == ends:
            return ends
        if monotonic() > deadline:
            problem = f"the workers of {settings.app_id} are {lag} records behind after {within:.0f} s"
            raise UnsettledError(f"{problem}: check that they run, stop producers, and try again")
        await asyncio.sleep(POLL_INTERVAL_S)


async def wait_until_listed(read_model: ReadModel, partition: int, profiles: Iterable[Profile], within: float) -> None:
    """Wait until the partition's watermark covers these profiles: lists are written after the offsets are committed.

    Raises:
        UnsettledError: it does not within that many seconds.
    """
    deadline, highest = monotonic() + within, highest_applied(profiles)
    while is_behind_watermark(highest, await read_model.watermark(partition) or {}):
        if monotonic() > deadline:
            problem = f"users of partition {partition} still wait for their lists after {within:.0f} s"
            raise UnsettledError(f"{problem}: check that workers run, and try again")
        await asyncio.sleep(POLL_INTERVAL_S)


async def wait_until_erased(settings: Settings, within: float) -> None:
    """Wait until no erasure is pending: erasures are completed after the offsets are committed.

    Raises:
        UnsettledError: some are pending after that many seconds.
    """
    deadline = monotonic() + within
    topic, decode = topics.changelog(settings.app_id, "forgetting"), msgspec.msgpack.Decoder(Erasure).decode
    while True:
        found = await restore(client_options(settings), topic, range(settings.partitions))
        pending = sum(not decode(value).is_done for values in found.values() for value in values.values())
        if not pending:
            return
        if monotonic() > deadline:
            problem = f"{pending} erasures of a user in a partition are pending after {within:.0f} s"
            raise UnsettledError(f"{problem}: check that workers run, and try again")
        await asyncio.sleep(POLL_INTERVAL_S)


def highest_applied(profiles: Iterable[Profile]) -> AppliedOffsets:
    """Source to the highest offset that any of these profiles has applied."""
    highest: AppliedOffsets = {}
    for profile in profiles:
        for source, offset in profile.applied_offsets.items():
            highest[source] = max(offset, highest.get(source, offset))
    return highest


async def committed_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """The offsets that the workers' consumer group has committed."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        found: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(settings.app_id)
    except KafkaError as error:
        raise UnavailableError("Kafka", error) from error
    finally:
        await admin.close()
    return {tp: one.offset for tp, one in found.items()}


def _lag(topic: str, ends: Mapping[int, int], committed: Mapping[TopicPartition, int]) -> int:
    return sum(
        max(0, end - max(0, committed.get(TopicPartition(topic, partition), 0))) for partition, end in ends.items()
    )
