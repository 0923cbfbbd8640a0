"""Sharing the event loop between long computing, such as ranking and folding, and requests."""

import asyncio
from time import monotonic
from typing import Final

YIELDS: Final = 4
"""Iterations of the event loop to yield: a request takes several from end to end."""

SLICE_S: Final = 0.003
"""Time that a task may compute before others run."""


async def yield_to_other_tasks() -> None:
    """Let other tasks run for `YIELDS` iterations of the event loop."""
    for _ in range(YIELDS):
        await asyncio.sleep(0)


class TimeSlices:
    """Divides computing into slices. Tasks that compute take turns, and between two slices all other tasks run."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    def begin(self) -> "TimeSlice":
        """Begin the first slice of a task."""
        return TimeSlice(self._turn)


class TimeSlice:
    """The present slice of a task."""

    def __init__(self, turn: asyncio.Lock) -> None:
        self._turn = turn
        self._ends_at = monotonic() + SLICE_S

    async def end_if_due(self) -> None:
        """Go on, or once the slice is over, begin another one when it is this task's turn."""
        if monotonic() < self._ends_at:
            return
        async with self._turn:
            await yield_to_other_tasks()
        self._ends_at = monotonic() + SLICE_S
