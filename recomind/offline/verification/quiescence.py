"""Wait until the workers have caught up with the log: only then can their state be compared."""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from recomind.errors import UnsettledError
from recomind.model.applied_offsets import AppliedOffsets, is_behind_watermark
from recomind.model.ids import Partition, all_partitions
from recomind.settings import Settings
from recomind.state.forgetting import Erasure
from recomind.state.profile import Profile
from recomind.stores.read_model import ReadModel
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.kafka_errors import translation
from recomind.stream.log_reader import check_start, count_records, end_offsets, restore, start_offsets

POLL_INTERVAL_S: Final = 0.5


class LogEnds(NamedTuple):
    """End offset of each partition of the two logs."""

    actions: Mapping[Partition, int]
    signals: Mapping[Partition, int]


async def log_ends(settings: Settings) -> LogEnds:
    """The current end offsets."""
    actions = await end_offsets(client_options(settings), topics.ACTIONS, settings.partitions)
    signals = await end_offsets(client_options(settings), topics.SIGNALS, settings.partitions)
    return LogEnds(actions, signals)


async def check_logs(settings: Settings) -> None:
    """Check that both logs are complete.

    Raises:
        IncompleteLogError: records have been deleted from the beginning of one.
    """
    for topic in (topics.ACTIONS, topics.SIGNALS):
        check_start(topic, await start_offsets(client_options(settings), topic, settings.partitions))


async def wait_until_caught_up(settings: Settings, within: float) -> LogEnds:
    """Wait until the consumer group has committed both logs to their ends, and return the end offsets.

    Raises:
        UnsettledError: it has not within that many seconds.
    """
    deadline = monotonic() + within
    while True:
        ends, committed = await log_ends(settings), await committed_offsets(settings)
        lag = await _lag(settings, topics.ACTIONS, ends.actions, committed)
        lag += await _lag(settings, topics.SIGNALS, ends.signals, committed)
        if not lag and await log_ends(settings) == ends:
            return ends
        if monotonic() > deadline:
            problem = f"the workers of {settings.app_id} are {lag} records behind after {within:.0f} s"
            raise UnsettledError(f"{problem}: check that they run, stop producers, and try again")
        await asyncio.sleep(POLL_INTERVAL_S)


async def wait_until_listed(
    read_model: ReadModel, partition: Partition, profiles: Iterable[Profile], within: float
) -> None:
    """Wait until no stored list lacks an action of these profiles: lists follow after the offsets are committed.

    Raises:
        UnsettledError: it does not within that many seconds.
    """
    deadline, highest = monotonic() + within, highest_applied(profiles)
    while is_behind_watermark(highest, await read_model.current_watermark(partition) or {}):
        if monotonic() > deadline:
            problem = f"lists of partition {partition} are still outdated after {within:.0f} s"
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
        found = await restore(
            client_options(settings),
            topic,
            all_partitions(settings.partitions),
            decode=decode,
            decode_all=True,
            on_unreadable=lambda _: None,
        )
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
        with translation():
            await admin.start()
            found: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(settings.app_id)
    finally:
        await admin.close()
    return {tp: one.offset for tp, one in found.items()}


async def _lag(
    settings: Settings, topic: str, ends: Mapping[Partition, int], committed: Mapping[TopicPartition, int]
) -> int:
    """Records that are not committed: the log is read, as transaction markers have offsets, too."""
    starts = {partition: max(0, committed.get(TopicPartition(topic, partition), 0)) for partition in ends}
    behind = {partition: (starts[partition], end) for partition, end in ends.items() if starts[partition] < end}
    return await count_records(client_options(settings), topic, behind)
