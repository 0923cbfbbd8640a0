"""Sharing the event loop between ranking, which computes for milliseconds, and requests."""

import asyncio
from typing import Final

YIELDS: Final = 4
"""Iterations of the event loop to yield: a request takes several from end to end."""


async def yield_to_other_tasks() -> None:
    """Let other tasks run for `YIELDS` iterations of the event loop."""
    for _ in range(YIELDS):
        await asyncio.sleep(0)
