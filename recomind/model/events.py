"""What enters: an action of a person on a video, read and checked in one step.

Producers of any language write JSON to `video_actions_stream`; the HTTP endpoints write the same. Each record is
turned by `read_action` into an `Action`, or into a `Rejected` that says why and keeps the original, so that
nothing is lost and the stream never stops. The check needs no clock: "in the future" is judged against the time
at which the log took the record, so a replay of the log judges the same.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

import msgspec

ActionType = Literal["view", "like", "skip"]
"""What a person did: saw it through (`view`), liked it (`like`) or moved on (`skip`)."""

ID_MAX: Final = 128
"""Longest id, in characters."""

ACTION_MAX_BYTES: Final = 16 * 1024
"""Largest action as JSON, in bytes: the fields' own limits leave a wide margin."""

FUTURE_TOLERANCE: Final = 300.0
"""How far ahead of the log's clock a timestamp may be, in seconds: phones' clocks differ."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_MAX, description="1 to 128 printable characters")]


class VideoAction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An action as it is sent, over HTTP or Kafka: `{"user_id":"u1","video_id":"v1","action_type":"like"}`."""

    user_id: Id
    video_id: Id
    action_type: ActionType
    timestamp: Annotated[datetime, msgspec.Meta(description="ISO 8601; UTC where no zone is given")] | None = None
    """When it happened; None means when the log took it."""
    event_id: UUID | None = None
    """The sender's own id of this event: the same event sent twice counts once."""


class ForgetPerson(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A control record, `{"user_id":"u1","action_type":"forget"}`: what the person did before is to be forgotten."""

    user_id: Id
    action_type: Literal["forget"]


class Action(msgspec.Struct, frozen=True, gc=False):
    """An action as the core works with it."""

    user_id: str
    video_id: str
    action_type: str
    timestamp: float
    """Event time, epoch seconds, UTC."""
    event_id: UUID | None = None


class Forget(NamedTuple):
    """A control record as the core works with it."""

    user_id: str


class Rejected(NamedTuple):
    """A record that is not an action: goes to the dead letters with its reason."""

    reason: str
    field: str | None
    """The field at fault, None where the record as a whole cannot be read."""
    raw: bytes
    """The record's value as it came."""


class InvalidActionError(ValueError):
    """The action breaks a rule that types cannot say; `field` names where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


_decode = msgspec.json.Decoder(VideoAction).decode
_decode_control = msgspec.json.Decoder(ForgetPerson).decode
_PATH = re.compile(r"`\$\.(\w+)|field `(\w+)`")


def read_action(raw: bytes | None, logged_at: float) -> Action | Forget | Rejected:
    """Read a record's value.

    Args:
        raw: JSON bytes; None or empty for an empty record.
        logged_at: when the log took the record, epoch seconds.

    Returns:
        The action or control record, or why it is none.
    """
    if not raw:
        return Rejected("the record is empty: send an action as JSON", None, b"")
    if len(raw) > ACTION_MAX_BYTES:
        return Rejected(f"{len(raw)} bytes are too large for an action: at most {ACTION_MAX_BYTES}", None, raw)
    try:
        return to_action(_decode(raw), logged_at)
    except InvalidActionError as error:
        return Rejected(str(error), error.field, raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _read_control(raw) or Rejected(str(error), fault_of(str(error)), raw)


def _read_control(raw: bytes) -> Forget | None:
    """The control record that this is; None where it is none. Asked only about what is no action."""
    try:
        sent = _decode_control(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Forget(sent.user_id) if sent.user_id.isprintable() else None


def to_action(sent: VideoAction, logged_at: float) -> Action:
    """Complete and check what was sent.

    Raises:
        InvalidActionError: an id is not printable, or the timestamp is too far ahead of `logged_at`.
    """
    if not sent.user_id.isprintable():
        raise InvalidActionError("user_id", "user_id has characters that cannot be printed")
    if not sent.video_id.isprintable():
        raise InvalidActionError("video_id", "video_id has characters that cannot be printed")
    at = logged_at if sent.timestamp is None else epoch(sent.timestamp)
    if at < 0:
        raise InvalidActionError("timestamp", "timestamp is before 1970; check the sender's clock")
    if at > logged_at + FUTURE_TOLERANCE:
        ahead = f"timestamp is {at - logged_at:.0f} s ahead: at most {FUTURE_TOLERANCE:.0f}"
        raise InvalidActionError("timestamp", ahead + "; check the sender's clock")
    return Action(sent.user_id, sent.video_id, sent.action_type, at, sent.event_id)


def fault_of(message: str) -> str | None:
    """The field that a decoder's message names.

    >>> fault_of("Object missing required field `user_id`")
    'user_id'
    """
    found = _PATH.search(message)
    return None if found is None else found[1] or found[2]


def epoch(moment: datetime) -> float:
    """Epoch seconds of a moment, in UTC where it names no zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
