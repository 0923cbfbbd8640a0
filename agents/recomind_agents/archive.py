"""Write every action to the PostgreSQL table `video_actions`, once, however often it is delivered.

While PostgreSQL is away, a batch is retried; it is acknowledged only after it is stored. Users are erased in the order
of the log, and their erasure offset stays, so that no earlier action comes back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.events import Action
from recomind.runtime.app import RecoMindApp
from recomind.stores import keys
from recomind.stores.archive_rows import ArchivedAction, archived_action
from recomind.stores.read_model import STAGE_ARCHIVE
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_batch, events_of

logger = get_logger(__name__)

RETRY_DELAY_S: Final = 0.5
"""Pause between attempts while PostgreSQL is away."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.batch_agent(topics.ACTIONS, name="archive")(partial(insert, app))


async def insert(app: RecoMindApp, batch: Batch) -> None:
    """Insert the actions of a batch and erase the users of its control records; return once both are stored."""
    rows: list[tuple[ArchivedAction, int]] = []
    for decoded, event in events_of(decode_batch(batch, app.actions_log)):
        if isinstance(event, Action):
            rows.append((archived_action(decoded.source_offset, event, app.actions_log), decoded.record.offset))
        else:
            await _insert(app, rows)
            await _retry(app, partial(_erase, app, event.user_id, decoded.record.offset))
            rows = []
    await _insert(app, rows)


async def _insert(app: RecoMindApp, rows: Sequence[tuple[ArchivedAction, int]]) -> None:
    if rows:
        actions, offsets = zip(*rows, strict=True)
        await _retry(app, partial(app.archive.insert_actions, actions, offsets))


async def _erase(app: RecoMindApp, user_id: str, log_offset: int) -> None:
    await app.archive.erase_user(user_id, log_offset)
    pages = await app.archive.delete_feed_pages(user_id)
    await app.read_model.store.delete([keys.feed_page(session, number) for session, number in pages])
    await app.read_model.put_erasure_progress({(STAGE_ARCHIVE, user_id): log_offset})


async def _retry(app: RecoMindApp, run: Callable[[], Awaitable[None]]) -> None:
    """Run something until no server is away."""
    while True:
        try:
            return await run()
        except UnavailableError as error:
            reason = f"archive waits: {error}"
            logger.warning("%s", reason)
            app.heartbeat.note_outage(reason)
            await asyncio.sleep(RETRY_DELAY_S)
