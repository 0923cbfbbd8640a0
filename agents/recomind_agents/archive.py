"""The sink: every action into `video_actions`, once, however often it is delivered.

While PostgreSQL is away the batch is tried again and again; it is acknowledged only once it is in. Who is to be
forgotten is deleted in the order of the log, and stays noted, so that nothing from before comes in again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.events import Action
from recomind.runtime.app import RecoMindApp
from recomind.stores.archive import ArchivedAction, archived
from recomind.stores.read_model import ARCHIVE
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import events_of, read_batch

logger = get_logger(__name__)

PAUSE: Final = 0.5
"""Seconds between attempts while PostgreSQL is away."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    app.consume(topics.ACTIONS, "archive", partial(insert, app))


async def insert(app: RecoMindApp, batch: Batch) -> None:
    """Insert a batch's actions, and forget whom its control records name; return once it is done."""
    rows: list[tuple[ArchivedAction, int]] = []
    for read, event in events_of(read_batch(batch, app.options.partitions)):
        if isinstance(event, Action):
            rows.append((archived(read.origin, event), read.record.offset))
        else:
            await _insert(app, rows)
            await _persistently(app, partial(_forget, app, event.user_id, read.record.offset))
            rows = []
    await _insert(app, rows)


async def _insert(app: RecoMindApp, rows: Sequence[tuple[ArchivedAction, int]]) -> None:
    if rows:
        actions, offsets = zip(*rows, strict=True)
        await _persistently(app, partial(app.archive.insert_actions, actions, offsets))


async def _forget(app: RecoMindApp, user_id: str, at: int) -> None:
    await app.archive.forget_person(user_id, at)
    await app.read_model.put_forgetting({(ARCHIVE, user_id): at})


async def _persistently(app: RecoMindApp, run: Callable[[], Awaitable[None]]) -> None:
    """Do something, again and again while a server is away."""
    while True:
        try:
            return await run()
        except UnavailableError as error:
            logger.warning("archive waits: %s", error)
            app.vitals.note_waiting()
            await asyncio.sleep(PAUSE)
