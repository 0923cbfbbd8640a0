"""Waiting until a running system has done all it was given: only then can it be compared."""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError, UnsettledError
from recomind.model.applied_offsets import Origins, waits
from recomind.settings import Settings
from recomind.state.forgetting import Forgetting
from recomind.state.profile import Profile
from recomind.stores.read_model import ReadModel
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import end_offsets, restore

PAUSE: Final = 0.5
"""Seconds between looks."""


class Ends(NamedTuple):
    """Where the logs end, by partition."""

    actions: Mapping[int, int]
    signals: Mapping[int, int]


async def ends_of(settings: Settings) -> Ends:
    """Where the logs end now."""
    actions = await end_offsets(client_options(settings), topics.ACTIONS, settings.partitions)
    signals = await end_offsets(client_options(settings), topics.SIGNALS, settings.partitions)
    return Ends(actions, signals)


async def settled(settings: Settings, within: float) -> Ends:
    """Where the logs end, once the group has committed all of them.

    Raises:
        UnsettledError: it has not within that many seconds.
    """
    deadline = monotonic() + within
    while True:
        ends, done = await ends_of(settings), await committed(settings)
        behind = _behind(topics.ACTIONS, ends.actions, done) + _behind(topics.SIGNALS, ends.signals, done)
        if not behind and await ends_of(settings) == ends:
            return ends
        if monotonic() > deadline:
            told = f"the workers of {settings.app_id} are {behind} records behind after {within:.0f} s"
            raise UnsettledError(f"{told}: see that they run, stop producers, and try again")
        await asyncio.sleep(PAUSE)


async def listed(read_model: ReadModel, partition: int, profiles: Iterable[Profile], within: float) -> None:
    """Return once a partition's mark says that lists count all of these profiles: a commit does not say so.

    Raises:
        UnsettledError: it does not within that many seconds.
    """
    deadline, reached = monotonic() + within, reached_by(profiles)
    while waits(reached, await read_model.mark(partition) or {}):
        if monotonic() > deadline:
            told = f"people of partition {partition} still wait for their lists after {within:.0f} s"
            raise UnsettledError(f"{told}: see that workers run, and try again")
        await asyncio.sleep(PAUSE)


async def forgotten(settings: Settings, within: float) -> None:
    """Return once whoever was to be forgotten is: a commit does not say so.

    Raises:
        UnsettledError: some are not within that many seconds.
    """
    deadline = monotonic() + within
    topic, decode = topics.changelog(settings.app_id, "forgetting"), msgspec.msgpack.Decoder(Forgetting).decode
    while True:
        found = await restore(client_options(settings), topic, range(settings.partitions))
        waiting = sum(not decode(value).is_done for values in found.values() for value in values.values())
        if not waiting:
            return
        if monotonic() > deadline:
            told = f"{waiting} times a partition has to forget somebody still after {within:.0f} s"
            raise UnsettledError(f"{told}: see that workers run, and try again")
        await asyncio.sleep(PAUSE)


def reached_by(profiles: Iterable[Profile]) -> Origins:
    """Lane to the highest offset that any of these profiles has applied."""
    reached: Origins = {}
    for profile in profiles:
        for lane, offset in profile.origins.items():
            reached[lane] = max(offset, reached.get(lane, offset))
    return reached


async def committed(settings: Settings) -> dict[TopicPartition, int]:
    """The offsets that the group of workers has committed."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        found: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(settings.app_id)
    except KafkaError as error:
        raise UnavailableError("Kafka", error) from error
    finally:
        await admin.close()
    return {tp: one.offset for tp, one in found.items()}


def _behind(topic: str, ends: Mapping[int, int], done: Mapping[TopicPartition, int]) -> int:
    return sum(max(0, end - max(0, done.get(TopicPartition(topic, partition), 0))) for partition, end in ends.items())
