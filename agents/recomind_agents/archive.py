"""Write every action to the PostgreSQL table `video_actions`, once, however often it is delivered.

A row has no more of the context of an action than `RECOMIND_CONTEXT` says, whoever produced the action.

While PostgreSQL is away, a batch is retried; it is acknowledged only after it is stored. Users are erased in the order
of the log, and their erasure offset stays, so that no earlier action comes back. A session that is merged into a user
is read from here and written to the log of the user, before it is erased.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from mode.utils.logging import get_logger
from msgspec.structs import replace

from recomind.errors import UnavailableError
from recomind.model.events import Action, EraseUser
from recomind.model.ids import Partition, UserId
from recomind.runtime.app import RecoMindApp
from recomind.runtime.erasure_bounds import was_counted_before
from recomind.stores import keys
from recomind.stores.archive_rows import ArchivedAction, action_of, archived_action, shared_event_id
from recomind.stores.read_model import STAGE_ARCHIVE, STAGE_MERGED_ROWS
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import DecodedRecord, decode_batch, events_of, merged_sessions
from recomind.stream.merged_actions import MAX_MERGED, merge_note, merged_records
from recomind.stream.partitioner import partition_of

logger = get_logger(__name__)

Result = TypeVar("Result")

RETRY_DELAY_S: Final = 0.5
"""Pause between attempts while PostgreSQL is away."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.batch_agent(topics.ACTIONS, name="archive")(partial(insert, app))


async def insert(app: RecoMindApp, batch: Batch) -> None:
    """Insert the actions of a batch, and obey its control records; return once all is stored."""
    rows: list[tuple[ArchivedAction, int]] = []
    records = decode_batch(batch, app.actions_log)
    for decoded, event in events_of(records):
        if isinstance(event, Action):
            if decoded.rerouted and await _was_erased(app, batch.partition, decoded, event.user_id):
                continue
            row = archived_action(decoded.source_offset, event, app.actions_log, app.options.context)
            rows.append((row, decoded.log_offset))
        else:
            await _insert(app, rows)
            if event.into is not None:
                await _retry(app, partial(_merge, app, event, event.into, batch.partition, decoded.record.offset))
            await _retry(app, partial(_erase, app, event, decoded.record.offset))
            rows = []
    await _insert(app, rows)
    if done := merged_sessions(records):
        progress = {(STAGE_MERGED_ROWS, session): offset for session, offset in done.items()}
        await _retry(app, partial(app.read_model.put_erasure_progress, progress))


async def _merge(app: RecoMindApp, merge: EraseUser, into: UserId, partition: Partition, log_offset: int) -> None:
    """Write what a session has done to the log of the user whom it is merged into.

    All that the log holds of the session before has been inserted. If this is repeated after the session has been
    erased, there is nothing to write; if before, the same is written again, and counts once.
    """
    rows = await app.archive.actions_to_merge(merge.user_id, log_offset, MAX_MERGED)
    actions = [replace(action_of(row), event_id=shared_event_id(row.id, into)) for row in rows]
    copies = merged_records(actions, into, (partition, log_offset), merge.asked_at, app.actions_log)
    target, note = partition_of(into, app.options.partitions), merge_note(into, merge.user_id, log_offset)
    await app.send_records(topics.ACTIONS, {target: [*copies, note]})


async def _insert(app: RecoMindApp, rows: Sequence[tuple[ArchivedAction, int]]) -> None:
    if rows:
        actions, offsets = zip(*rows, strict=True)
        await _retry(app, partial(app.archive.insert_actions, actions, offsets))


async def _erase(app: RecoMindApp, erasure: EraseUser, log_offset: int) -> None:
    user_id = erasure.user_id
    await app.archive.erase_user(user_id, log_offset, has_expired=erasure.keeps_counts)
    pages = await app.archive.delete_feed_pages(user_id)
    await app.read_model.store.delete([keys.feed_page(session, number) for session, number in pages])
    await app.read_model.put_erasure_progress({(STAGE_ARCHIVE, user_id): log_offset})


async def _was_erased(app: RecoMindApp, partition: Partition, decoded: DecodedRecord, user_id: str) -> bool:
    """Whether an erasure that stands before a rerouted record includes it: it had been rerouted before, too."""
    erased_at = (await _retry(app, partial(app.archive.erasure_offsets, [user_id]))).get(user_id, -1)
    if not 0 <= erased_at < decoded.log_offset:
        return False
    return await was_counted_before(app, partition, decoded.source_offset, user_id, erased_at)


async def _retry(app: RecoMindApp, run: Callable[[], Awaitable[Result]]) -> Result:
    """Run something until no server is away."""
    while True:
        try:
            return await run()
        except UnavailableError as error:
            reason = f"archive waits: {error}"
            logger.warning("%s", reason)
            app.heartbeat.note_outage(reason)
            await asyncio.sleep(RETRY_DELAY_S)
