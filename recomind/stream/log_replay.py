"""Writing a log to `video_actions_stream`, as fast as it goes or at a multiple of its own pace."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import msgspec

from recomind.model.events import Action
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing, Sender

CHUNK: Final = 2_000
"""Actions acknowledged together."""

PACED_CHUNK: Final = 20
"""The same where a pace is kept."""

Progress = Callable[[int], None]
"""Told how many more actions have been acknowledged."""


async def feed(
    settings: Settings, actions: Iterable[Action], *, speed: float | None = None, on_progress: Progress = lambda _: None
) -> int:
    """Write actions to Kafka.

    Args:
        settings: where Kafka is.
        actions: in the order of their time.
        speed: 1 for the log's own pace, 10 for ten times as fast; None for as fast as it goes.
        on_progress: told of each chunk.

    Returns:
        How many were written.
    """
    sender = Sender(client_options(settings))
    await sender.start()
    written, rest, pace = 0, iter(actions), Pace(speed)
    try:
        while chunk := list(islice(rest, PACED_CHUNK if speed else CHUNK)):
            await pace.wait(chunk[0].timestamp)
            await _write(sender, settings.partitions, chunk)
            written += len(chunk)
            on_progress(len(chunk))
    finally:
        await sender.stop()
    return written


class Pace:
    """Keeps event time and the clock in step."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._start: tuple[float, float] | None = None

    async def wait(self, event_time: float) -> None:
        """Return when it is time for an event."""
        if self._speed is None:
            return
        clock = asyncio.get_running_loop().time
        self._start = self._start or (event_time, clock())
        due = self._start[1] + (event_time - self._start[0]) / self._speed
        await asyncio.sleep(max(0.0, due - clock()))


def encode(action: Action) -> bytes:
    """An action as producers send it."""
    message = {
        "user_id": action.user_id,
        "video_id": action.video_id,
        "action_type": action.action_type,
        "timestamp": datetime.fromtimestamp(action.timestamp, UTC),
    }
    return msgspec.json.encode(message if action.event_id is None else {**message, "event_id": action.event_id})


async def _write(sender: Sender, partitions: int, actions: Iterable[Action]) -> None:
    lanes: defaultdict[int, list[Outgoing]] = defaultdict(list)
    for action in actions:
        outgoing = Outgoing(action.user_id.encode(), encode(action))
        lanes[partition_of(action.user_id, partitions)].append(outgoing)
    await asyncio.gather(*(sender.send_all(topics.ACTIONS, lane, some) for lane, some in lanes.items()))
