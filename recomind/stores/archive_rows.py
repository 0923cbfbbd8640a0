"""Rows of `video_actions`: how an action becomes one, and the id of an action whose event has none."""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import Final, NamedTuple
from uuid import NAMESPACE_OID, UUID

from asyncpg.pgproto import pgproto

from recomind.model.context_limits import ALL, limited_json
from recomind.model.events import Action
from recomind.model.ids import UserId, VideoId
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import SourceOffset, log_position
from recomind.stream import topics


class ArchivedAction(NamedTuple):
    """A row of `video_actions`."""

    id: UUID
    user_id: str
    video_id: str
    action_type: str
    timestamp: datetime
    list_id: str | None = None
    position: int | None = None
    watched_ms: int | None = None
    duration_ms: int | None = None
    context: str | None = None
    """As JSON."""


def to_datetime(at: float) -> datetime:
    """Epoch seconds as a UTC datetime, which asyncpg needs."""
    return datetime.fromtimestamp(at, UTC)


def uuid5(namespace: UUID, name: bytes) -> UUID:
    """The UUIDv5 of a name (RFC 9562) as asyncpg's own type, which is faster to make and encode than `uuid.UUID`.

    >>> from uuid import NAMESPACE_OID
    >>> uuid5(NAMESPACE_OID, b"0:1")
    UUID('70fbbbf6-fe32-502c-92a7-a4f7e0771bdb')
    """
    digest = sha1(namespace.bytes + name, usedforsecurity=False).digest()
    version, variant = digest[6] & 0x0F | 0x50, digest[8] & 0x3F | 0x80
    result: UUID = pgproto.UUID(b"%b%c%c%c%b" % (digest[:6], version, digest[7], variant, digest[9:16]))
    return result


def archived_action(
    source_offset: SourceOffset, action: Action, log: LogIdentity, context_level: str = ALL
) -> ArchivedAction:
    """The row of an action, with the id of the event if it has one, and no more of the context than the level says."""
    row = ArchivedAction(
        action.event_id or action_id(source_offset, log),
        action.user_id,
        action.video_id,
        action.action_type,
        to_datetime(action.timestamp),
        action.list_id,
        action.position,
        action.watched_ms,
        action.duration_ms,
        action.context,
    )
    return with_context_level(row, context_level)


def with_context_level(row: ArchivedAction, level: str) -> ArchivedAction:
    """A row with no more of the context than one of `CONTEXT_LEVELS` says."""
    if row.context is None or level == ALL:
        return row
    return row._replace(context=limited_json(row.context, level, row.timestamp.timestamp()))


def action_of(row: ArchivedAction) -> Action:
    """The action of a row, with the id of the row as the id of its event."""
    return Action(
        UserId(row.user_id),
        VideoId(row.video_id),
        row.action_type,
        row.timestamp.timestamp(),
        row.id,
        row.list_id,
        row.watched_ms,
        row.duration_ms,
        row.position,
        row.context,
    )


def action_id(source_offset: SourceOffset, log: LogIdentity) -> UUID:
    """The id of an action whose event has none: the UUIDv5 of the partition and offset at which it was produced.

    Offsets of a log that replaced an earlier one have a namespace of their own.
    """
    return uuid5(_namespace(log.prefix), b"%d:%d" % log_position(source_offset))


def shared_event_id(event_id: UUID, user_id: str) -> UUID:
    """The id of a user's row for an event whose id is in use by another user."""
    return uuid5(event_id, user_id.encode())


@lru_cache
def _namespace(prefix: str) -> UUID:
    return uuid5(ACTIONS_NAMESPACE, prefix.encode()) if prefix else ACTIONS_NAMESPACE


ACTIONS_NAMESPACE: Final = uuid5(NAMESPACE_OID, topics.ACTIONS.encode())
