"""Input records: a user's action on a video, or a request to erase a user; decoded and validated in one step.

Producers in any language write JSON to `video_actions_stream`, and the HTTP endpoints write the same. `read_action`
turns each record into an `Action`, an `EraseUser` or a `Rejected` that holds the reason and the original value, so
no record is lost and the stream never stops. Validation reads no clock: a timestamp is "in the future" relative to the
time at which Kafka appended the record, so that a replay of the log decides the same.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import msgspec

from recomind.model.action_context import ContextValue, context_json
from recomind.model.action_types import UNDO_PREFIX, UNDOABLE, ActionType
from recomind.model.ids import UserId, VideoId
from recomind.model.local_context import faulty_local_fields
from recomind.model.text import InvalidFieldError, check_printable, is_printable

MAX_ID_LENGTH: Final = 128
"""Longest id, in characters."""

SESSION_PREFIX: Final = "session:"
"""Begins the ids of anonymous sessions: users whose state expires, and who can be merged into another user."""

MAX_ACTION_BYTES: Final = 16 * 1024
"""Largest action as JSON, in bytes: well above what the limits of the fields add up to."""

MAX_TIMESTAMP: Final = 253_402_300_800.0
"""The first moment of the year 10000, in epoch seconds: Python and PostgreSQL stop before it."""

FUTURE_TOLERANCE_S: Final = 300.0
"""How far a timestamp may be ahead of Kafka's clock, in seconds: the clocks of phones differ."""

MAX_WATCHED_MS: Final = 86_400_000
"""Longest time watched, and longest video, in milliseconds: a day."""

MAX_POSITION: Final = 99_999
"""Largest position in a list or feed."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_LENGTH, description="1 to 128 printable characters")]


class VideoAction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An action as sent over HTTP or Kafka: `{"user_id":"u1","video_id":"v1","action_type":"like"}`."""

    user_id: Id
    video_id: Id
    action_type: ActionType
    timestamp: Annotated[datetime, msgspec.Meta(description="ISO 8601; UTC if it has no time zone")] | None = None
    """When it happened; None: when Kafka appended it."""
    event_id: UUID | None = None
    """The producer's own id of this event: an event sent twice counts once."""
    list_id: (
        Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH, description="At most 128 printable characters")] | None
    ) = None
    """The list in which the user found the video: the header `X-RecoMind-List` of a response with recommendations."""
    watched_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_WATCHED_MS)] | None = None
    """How long the user watched the video, in milliseconds; more than its duration if it was watched again."""
    duration_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_WATCHED_MS)] | None = None
    """How long the video is, in milliseconds."""
    position: Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)] | None = None
    """The place in the list or feed at which the user found the video; 0 for the first."""
    context: dict[str, ContextValue] | None = None
    """Where and how the user met the video, such as `{"country":"DE","device":"phone"}`: at most 16 entries and 1,024
    bytes, with texts, finite numbers, true, false and null as values."""
    undo: bool = False
    """Whether the user takes back what they did: an unlike is a `like` with `"undo": true`. A view or a skip cannot be
    undone. What is not there to be undone changes nothing."""


class _KnownFields(VideoAction, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """An action without fields that this version does not know."""


class EraseUserRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="action_type", tag="forget"):
    """A control record, `{"user_id":"u1","action_type":"forget"}`: erase the user and all their actions before it."""

    user_id: Id


class MergeSessionRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="action_type", tag="merge"):
    """A control record of a session: what it did before becomes what the user `into` did, and it is erased."""

    user_id: Id
    """The session."""
    into: Id
    asked_at: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    """Offset in the log of that user's partition at which it was asked for: a later erasure includes the session."""


class ExpireSessionRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="action_type", tag="expire"):
    """A control record of a session that has done nothing for long: its state is dropped, what it has counted stays."""

    user_id: Id


class NoteRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="action_type", tag="note"):
    """A control record that changes nothing: a session is to be merged into the user, or has been."""

    user_id: Id
    session: Id
    merge_offset: int | None = None
    """Offset of the `MergeSessionRecord` whose actions precede this record; None before there is one."""


class Action(msgspec.Struct, frozen=True, gc=False):
    """A validated action, with its event time."""

    user_id: UserId
    video_id: VideoId
    action_type: str
    """One of `ACTION_TYPES` or `UNDO_TYPES`."""
    timestamp: float
    """Event time, epoch seconds, UTC."""
    event_id: UUID | None = None
    list_id: str | None = None
    """The served list in which the user found the video; None if the producer does not say."""
    watched_ms: int | None = None
    duration_ms: int | None = None
    position: int | None = None
    context: str | None = None
    """As JSON, with its keys in order."""
    merged: tuple[int, int] | None = None
    """Of an action by a session that was merged into the user: its place among these (`merge_source` and an offset)."""


class EraseUser(NamedTuple):
    """A validated control record: the user has done nothing before it."""

    user_id: UserId
    into: UserId | None = None
    """The user who has done it instead, if a session is merged."""
    asked_at: int = -1
    """See `MergeSessionRecord`."""
    keeps_counts: bool = False
    """Whether what videos have counted of the user stays: a session expires."""


class Note(NamedTuple):
    """A validated `NoteRecord`."""

    user_id: UserId
    session: UserId
    merge_offset: int | None


class Rejected(NamedTuple):
    """A record that is not valid; it becomes a dead letter."""

    reason: str
    field: str | None
    """The invalid field; None if the record as a whole cannot be decoded."""
    raw: bytes
    """The record's value, unchanged."""


OnUnknown = Callable[[frozenset[str]], object]
"""Called with the names of fields that this version does not know."""

_decode_known = msgspec.json.Decoder(_KnownFields).decode
_decode = msgspec.json.Decoder(VideoAction).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_FIELDS: Final = frozenset(VideoAction.__struct_fields__)
_decode_control_record = msgspec.json.Decoder(
    EraseUserRecord | MergeSessionRecord | ExpireSessionRecord | NoteRecord
).decode
_FIELD_IN_MESSAGE = re.compile(r"`\$\.(\w+)|field `(\w+)`")


def is_session(user_id: str) -> bool:
    """Whether a user id is that of an anonymous session.

    >>> is_session("session:7f3a"), is_session("u1")
    (True, False)
    """
    return user_id.startswith(SESSION_PREFIX)


def read_action(
    raw: bytes | None, logged_at: float, on_unknown: OnUnknown | None = None
) -> Action | EraseUser | Note | Rejected:
    """Decode and validate a record's value.

    Args:
        raw: JSON; None or empty for an empty record.
        logged_at: when Kafka appended the record, epoch seconds.
        on_unknown: called if the record is an action with unknown fields, and with values of its context that cannot be
            read; None if nobody wants to know.
    """
    if not raw:
        return Rejected("the record is empty: send an action as JSON", None, b"")
    if len(raw) > MAX_ACTION_BYTES:
        return Rejected(f"{len(raw)} bytes are too large for an action: at most {MAX_ACTION_BYTES}", None, raw)
    try:
        return to_action(decode_action(raw, on_unknown), logged_at)
    except InvalidFieldError as error:
        return Rejected(str(error), error.field, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _read_control_record(raw) or Rejected(str(error), faulty_field(str(error)), raw)


def decode_action(raw: bytes | msgspec.Raw, on_unknown: OnUnknown | None = None) -> VideoAction:
    """Decode an action that need not be valid in what types cannot express.

    Raises:
        msgspec.DecodeError: it is not JSON, or not an action.
    """
    if on_unknown is None:
        return _decode(raw)
    try:
        action: VideoAction = _decode_known(raw)
    except msgspec.ValidationError:
        action = _decode(raw)
        on_unknown(frozenset(unknown_fields(raw)))
    if action.context is not None and (faulty := faulty_local_fields(action.context)):
        on_unknown(faulty)
    return action


def unknown_fields(raw: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The fields of an action, as JSON, that this version does not know."""
    return {name: value for name, value in _decode_fields(raw).items() if name not in _FIELDS}


def _read_control_record(raw: bytes) -> EraseUser | Note | None:
    """The control record, or None if it is not one. Called only for what is no action, as control records are rare."""
    try:
        record = _decode_control_record(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    user_id = UserId(record.user_id)
    if isinstance(record, NoteRecord):
        return Note(user_id, UserId(record.session), record.merge_offset)
    if isinstance(record, EraseUserRecord):
        return EraseUser(user_id) if is_printable(user_id) else None
    if not is_session(user_id) or not is_printable(user_id):
        return None
    if isinstance(record, ExpireSessionRecord):
        return EraseUser(user_id, keeps_counts=True)
    is_possible = is_printable(record.into) and not is_session(record.into)
    return EraseUser(user_id, UserId(record.into), record.asked_at) if is_possible else None


def to_action(sent: VideoAction, logged_at: float) -> Action:
    """Validate an action and fill in its event time.

    Raises:
        InvalidFieldError: an id is not printable, the timestamp is before 1970, after 9999, or too far ahead of
            `logged_at`, the context is too large, or what is undone cannot be.
    """
    check_printable("user_id", sent.user_id)
    check_printable("video_id", sent.video_id)
    if sent.list_id is not None:
        check_printable("list_id", sent.list_id)
    at = logged_at if sent.timestamp is None else epoch_seconds(sent.timestamp)
    if at < 0:
        raise InvalidFieldError("timestamp", "timestamp is before 1970; check the sender's clock")
    if at >= MAX_TIMESTAMP:
        raise InvalidFieldError("timestamp", "timestamp is after the year 9999; check the sender's clock")
    if at > logged_at + FUTURE_TOLERANCE_S:
        ahead = f"timestamp is {at - logged_at:.0f} s ahead: at most {FUTURE_TOLERANCE_S:.0f}"
        raise InvalidFieldError("timestamp", ahead + "; check the sender's clock")
    if sent.undo and sent.action_type not in UNDOABLE:
        raise InvalidFieldError("undo", f"a {sent.action_type} cannot be undone: it has happened")
    context = None if sent.context is None else context_json(sent.context)
    # Here str becomes UserId and VideoId; calls of both would take 8 % of the time of decoding.
    return Action(
        sent.user_id,  # type: ignore[arg-type]
        sent.video_id,  # type: ignore[arg-type]
        UNDO_PREFIX + sent.action_type if sent.undo else sent.action_type,
        at,
        sent.event_id,
        sent.list_id,
        sent.watched_ms,
        sent.duration_ms,
        sent.position,
        context,
    )


def faulty_field(message: str) -> str | None:
    """The field that an error message of msgspec names.

    >>> faulty_field("Object missing required field `user_id`")
    'user_id'
    """
    found = _FIELD_IN_MESSAGE.search(message)
    return None if found is None else found[1] or found[2]


def epoch_seconds(moment: datetime) -> float:
    """Epoch seconds of a moment; UTC if it has no time zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
