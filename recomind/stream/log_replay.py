"""Replay of a log of actions into `video_actions_stream`, at full speed or at a multiple of the speed of its events."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import msgspec

from recomind.model.action_types import UNDONE_BY
from recomind.model.events import Action
from recomind.model.ids import Partition
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord

CHUNK_ACTIONS: Final = 2_000
"""Actions sent before their acknowledgement is awaited, at full speed."""

PACED_CHUNK_ACTIONS: Final = 20
"""The same at a given speed; the actions of a chunk are sent at the time of the first."""

_OPTIONAL: Final = ("event_id", "list_id", "watched_ms", "duration_ms", "position")
"""Fields of an action that are written as they are, where they are given."""

Progress = Callable[[int], None]
"""Called with the number of actions acknowledged since its last call."""


class ReplayClock:
    """Maps event time to wall-clock time, from the first event on."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._start: tuple[float, float] | None = None
        """Event time and loop time of the first event."""

    async def wait_until(self, event_time: float) -> None:
        """Sleep until an event with this timestamp is due; return at once if there is no speed."""
        if self._speed is None:
            return
        clock = asyncio.get_running_loop().time
        self._start = self._start or (event_time, clock())
        due = self._start[1] + (event_time - self._start[0]) / self._speed
        await asyncio.sleep(max(0.0, due - clock()))


async def replay_log(
    settings: Settings,
    actions: Iterable[Action],
    *,
    speed: float | None = None,
    on_progress: Progress = lambda _: None,
    stamp: Callable[[Action], Action] = lambda action: action,
    around_chunk: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
) -> int:
    """Write actions to Kafka.

    Args:
        settings: how to reach Kafka.
        actions: in the order of their timestamps.
        speed: 1 for real time, 10 for ten times as fast, None for full speed.
        on_progress: called after each chunk.
        stamp: called with each action as it is sent; returns the one to send, as a rule with another timestamp.
        around_chunk: a context in which each chunk is sent, for instance one that waits.

    Returns:
        How many actions were written.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    producer = Producer(client_options(settings))
    await producer.start()
    written, remaining, clock = 0, iter(actions), ReplayClock(speed)
    try:
        while chunk := list(islice(remaining, PACED_CHUNK_ACTIONS if speed else CHUNK_ACTIONS)):
            await clock.wait_until(chunk[0].timestamp)
            async with around_chunk():
                await send_actions(producer, settings.partitions, map(stamp, chunk))
            written += len(chunk)
            on_progress(len(chunk))
    finally:
        await producer.stop()
    return written


def encode_action(action: Action) -> bytes:
    """An action as the JSON that producers write."""
    undone = UNDONE_BY.get(action.action_type)
    message = {
        "user_id": action.user_id,
        "video_id": action.video_id,
        "action_type": undone or action.action_type,
        **({} if undone is None else {"undo": True}),
        "timestamp": datetime.fromtimestamp(action.timestamp, UTC),
        **{name: value for name in _OPTIONAL if (value := getattr(action, name)) is not None},
    }
    if action.context is not None:
        message["context"] = msgspec.Raw(action.context.encode())
    return msgspec.json.encode(message)


async def send_actions(producer: Producer, partitions: int, actions: Iterable[Action]) -> None:
    """Write actions to their users' partitions; return once all are acknowledged.

    Raises:
        UnavailableError: Kafka did not acknowledge them.
    """
    records: defaultdict[Partition, list[ProducerRecord]] = defaultdict(list)
    for action in actions:
        record = ProducerRecord(action.user_id.encode(), encode_action(action))
        records[partition_of(action.user_id, partitions)].append(record)
    await asyncio.gather(*(producer.send_in_order(topics.ACTIONS, target, some) for target, some in records.items()))
