"""The sink: every action into `video_actions`, once, however often it is delivered.

While PostgreSQL is away the batch is tried again and again; it is acknowledged only once it is in.
"""

import asyncio
from functools import partial
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from mode.utils.logging import get_logger

from agents.reading import actions_of, read_batch
from recomind import topics
from recomind.app import RecoMindApp
from recomind.errors import UnavailableError
from recomind.events import Action
from recomind.signals import Origin, place_of
from recomind.stores.archive import ArchivedAction, moment
from recomind.transport.batches import Batch

logger = get_logger(__name__)

PAUSE: Final = 0.5
"""Seconds between attempts while PostgreSQL is away."""

ACTIONS_NAMESPACE: Final = uuid5(NAMESPACE_OID, topics.ACTIONS)


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    app.consume(topics.ACTIONS, "archive", partial(insert, app))


async def insert(app: RecoMindApp, batch: Batch) -> None:
    """Insert a batch's actions; return once they are in."""
    rows = [archived(origin, action) for origin, action in actions_of(read_batch(batch, app.options.partitions))]
    while rows:
        try:
            await app.archive.insert_actions(rows)
        except UnavailableError as error:
            logger.warning("archive waits: %s", error)
            app.vitals.note_waiting()
            await asyncio.sleep(PAUSE)
        else:
            return


def archived(origin: Origin, action: Action) -> ArchivedAction:
    """The row of an action."""
    identity = action.event_id or action_id(origin)
    return ArchivedAction(identity, action.user_id, action.video_id, action.action_type, moment(action.timestamp))


def action_id(origin: Origin) -> UUID:
    """The id of an action that brought none: a UUIDv5 of its place in the log."""
    partition, offset = place_of(origin)
    return uuid5(ACTIONS_NAMESPACE, f"{partition}:{offset}")
