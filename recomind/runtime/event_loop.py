"""Sharing the event loop between long computing, such as ranking and folding, and requests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

YIELDS: Final = 4
"""Iterations of the event loop to yield: a request takes several from end to end."""

SLICE_S: Final = 0.003
"""Time that a task may compute before others run."""

ANSWERING_SLICE_S: Final = 0.0005
"""The same while requests are answered: a `POST` takes a dozen iterations of the event loop.

With 3 ms, actions were posted in batches of 100 at half of the rate. Without requests, short slices would cost time.
"""


async def yield_to_other_tasks() -> None:
    """Let other tasks run for `YIELDS` iterations of the event loop."""
    for _ in range(YIELDS):
        await asyncio.sleep(0)


class TimeSlices:
    """Divides computing into slices. Tasks that compute take turns, and between two slices all other tasks run."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        """Held by the task that lets others run."""
        self._requests = 0

    def begin(self) -> "TimeSlice":
        """Begin the first slice of a task."""
        return TimeSlice(self)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Have slices be short while a request is answered."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    @property
    def length_s(self) -> float:
        """How long a slice that begins now is, in seconds."""
        return ANSWERING_SLICE_S if self._requests else SLICE_S


class TimeSlice:
    """The present slice of a task."""

    def __init__(self, slices: TimeSlices) -> None:
        self._slices = slices
        self._ends_at = monotonic() + slices.length_s

    async def end_if_due(self) -> None:
        """Go on, or once the slice is over, begin another one when it is this task's turn."""
        if monotonic() < self._ends_at:
            return
        async with self._slices.turn:
            await yield_to_other_tasks()
        self._ends_at = monotonic() + self._slices.length_s
