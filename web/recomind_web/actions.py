"""Report what users do: view, like or skip a video. The response is sent once Kafka has acknowledged the record."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from msgspec.structs import replace

from recomind.model.action_context import ContextValue, context_json
from recomind.model.context_limits import limited_context
from recomind.model.events import (
    MAX_ACTION_BYTES,
    VideoAction,
    decode_action,
    faulty_field,
    to_action,
    unknown_fields,
)
from recomind.model.ids import Partition
from recomind.model.local_context import faulty_local_fields, read_local_context
from recomind.model.responses import ActionOutcome
from recomind.model.text import InvalidFieldError
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord, SentRecord
from recomind.stream.unknown_fields import MAX_NAME_LENGTH, UNKNOWN_FIELDS
from recomind_web.headers import TOKEN_HEADER
from recomind_web.local_requests import header_context, without_second_hour
from recomind_web.problem_json import BadRequestError
from recomind_web.read_your_writes import merge_tokens
from recomind_web.request_parsing import app_of, json_response, parse_body

UNKNOWN_VIDEO_NOTE: Final = "the catalogue has no such video yet: it is recommended once it is PUT"
"""Said of an action whose video this worker does not know. Another worker may have put it a second ago."""


async def post_action(request: web.Request) -> web.Response:
    """Post one action.

    The status is 202 once Kafka has acknowledged the action. The `token` in the response is its offset in the log. A
    `note` says that the catalogue has no such video; the action counts all the same, also for a video that comes later.
    """
    app, raw = app_of(request), await parse_body(request, msgspec.Raw)
    now, level = app.kafka_producer.clock.now(), app.options.context
    sent = with_header_context(validated(raw, now, level), header_context(request), now, level)
    [produced] = await _produce(app, [sent])
    if isinstance(produced, InvalidFieldError):
        raise produced
    return json_response(msgspec.json.encode(_accepted(app, sent, produced)), 202)


async def post_actions(request: web.Request) -> web.Response:
    """Post a batch of actions.

    The response has one outcome for each action, in the same order. The status is 202 if all actions were accepted,
    else 207.
    """
    app = app_of(request)
    items = await parse_body(request, list[msgspec.Raw])
    if len(items) > app.options.batch_limit:
        raise BadRequestError(f"{len(items)} actions in one request: the limit is {app.options.batch_limit}")
    now = app.kafka_producer.clock.now()
    parsed = [_parse_item(item, now, app.options.context) for item in items]
    users = {
        one.action.user_id if isinstance(one, _Sent) else _named_user(item)
        for one, item in zip(parsed, items, strict=True)
    }
    if len(users) == 1:  # else a program sends for many, and its headers do not speak of them
        said, level = header_context(request), app.options.context
        parsed = [with_header_context(one, said, now, level) if isinstance(one, _Sent) else one for one in parsed]
    produced = iter(await _produce(app, [item for item in parsed if isinstance(item, _Sent)]))
    outcomes = [_outcome(app, item, next(produced)) if isinstance(item, _Sent) else item for item in parsed]
    token = merge_tokens(outcome.token for outcome in outcomes if outcome.token)
    status = 202 if all(outcome.status == 202 for outcome in outcomes) else 207
    return json_response(msgspec.json.encode(outcomes), status, {TOKEN_HEADER: token})


def _parse_item(raw: msgspec.Raw, now: float, context_level: str) -> "_Sent | ActionOutcome":
    """Parse and validate one action of a batch; an outcome with status 400 if it is invalid."""
    try:
        return validated(raw, now, context_level)
    except InvalidFieldError as error:
        return _refused(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return ActionOutcome(400, detail=str(error), field=faulty_field(str(error)))


class _Named(msgspec.Struct):
    """What an invalid action says of its user."""

    user_id: str


def _named_user(raw: msgspec.Raw) -> str | None:
    """The user that an invalid action names; None if it names none that can be read."""
    try:
        return msgspec.json.decode(raw, type=_Named).user_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _outcome(app: RecoMindApp, sent: "_Sent", produced: str | InvalidFieldError) -> ActionOutcome:
    """The outcome of an action that was written: its token, or why it does not count."""
    return _refused(produced) if isinstance(produced, InvalidFieldError) else _accepted(app, sent, produced)


def _refused(error: InvalidFieldError) -> ActionOutcome:
    return ActionOutcome(400, detail=str(error), field=error.field)


def _accepted(app: RecoMindApp, sent: "_Sent", token: str) -> ActionOutcome:
    index = app.ranking_cache.index
    notes = [] if index.rows.get(sent.action.video_id, -1) in index.videos else [UNKNOWN_VIDEO_NOTE]
    if sent.unknown:
        names = sorted(name[:MAX_NAME_LENGTH] for name in sent.unknown)
        notes.append(f"{', '.join(names)}: unknown fields, which are kept in the log and mean nothing here")
    written = sent.faulty & faulty_local_fields(sent.action.context or {})
    for faulty, outcome in ((written, "kept in the log, and ignored,"), (sent.faulty - written, "not kept,")):
        if faulty:
            notes.append(f"{', '.join(sorted(faulty))}: {outcome} as it cannot be read")
    return ActionOutcome(202, token, note="; ".join(notes))


class _Sent(NamedTuple):
    """A valid action, as it was sent."""

    action: VideoAction
    unknown: Mapping[str, msgspec.Raw]
    """Fields that this version does not know: they are kept in the log."""
    faulty: frozenset[str] = frozenset()
    """Values of the context that cannot be read."""

    def encode(self) -> bytes:
        """The action as JSON, without fields that were not given."""
        given = {
            name: value for name, value in msgspec.structs.asdict(self.action).items() if value not in (None, False)
        }
        return msgspec.json.encode({**given, **self.unknown})


def validated(raw: msgspec.Raw, now: float, context_level: str) -> _Sent:
    """Decode and validate an action at a time of the log; without a timestamp it happens when Kafka appends it.

    Raises:
        InvalidFieldError: a field is invalid.
        msgspec.DecodeError: it is not JSON, or not an action.
    """
    names = list[frozenset[str]]()
    action = decode_action(raw, names.append)
    at, context = to_action(action, now).timestamp, action.context
    if context is not None:
        action = replace(action, context=limited_context(context, context_level, at))
    sent = _Sent(action, unknown_fields(raw) if names else {}, faulty_local_fields(context or {}))
    for some in names:
        UNKNOWN_FIELDS.note(some)
    if sent.unknown and len(sent.encode()) > MAX_ACTION_BYTES:
        reason = f"the action with its unknown fields has more than {MAX_ACTION_BYTES} bytes"
        raise InvalidFieldError(next(iter(sent.unknown)), reason)
    return sent


def with_header_context(sent: _Sent, said: Mapping[str, ContextValue], now: float, context_level: str) -> _Sent:
    """An action with what trusted headers say and its own context does not, or not in a form that can be read.

    Args:
        sent: the action.
        said: by headers.
        now: the time of the log, epoch seconds.
        context_level: how much is written.
    """
    if not said:
        return sent
    own = sent.action.context or {}
    at = to_action(sent.action, now).timestamp
    found, faulty = limited_context(said, context_level, at) or {}, read_local_context(own, at).faulty
    readable = {key: value for key, value in own.items() if value is not None and key not in faulty}
    context = {**own, **without_second_hour(found, readable), **readable}
    try:
        context_json(context)
    except InvalidFieldError:  # the action's own has no room for more
        return sent
    filled = sent._replace(action=replace(sent.action, context=context or None))
    return sent if len(filled.encode()) > MAX_ACTION_BYTES else filled


async def _produce(app: RecoMindApp, actions: Sequence[_Sent]) -> list[str | InvalidFieldError]:
    """Write actions to the action topic; their tokens, in order.

    An error stands for an action that Kafka appended earlier than we expected, so that its timestamp is too far ahead.

    Raises:
        UnavailableError: Kafka did not acknowledge them in time. The client may retry with the same `event_id`.
    """
    user_ids = [sent.action.user_id for sent in actions]
    await app.served_lists.flush(user_ids)
    partitions = [partition_of(user_id, app.options.partitions) for user_id in user_ids]
    records: defaultdict[Partition, list[ProducerRecord]] = defaultdict(list)
    for partition, user_id, sent in zip(partitions, user_ids, actions, strict=True):
        records[partition].append(ProducerRecord(user_id.encode(), sent.encode()))
    sends = (app.kafka_producer.send(topics.ACTIONS, partition, batch) for partition, batch in records.items())
    acknowledged = dict(zip(records, await asyncio.gather(*sends), strict=True))
    remaining = {partition: iter(some) for partition, some in acknowledged.items()}
    return [
        _token(sent.action, partition, next(remaining[partition]))
        for partition, sent in zip(partitions, actions, strict=True)
    ]


def _token(action: VideoAction, partition: Partition, sent: SentRecord) -> str | InvalidFieldError:
    """The token of a record, or the error that the log's time makes of it."""
    try:
        if sent.logged_at is not None:
            to_action(action, sent.logged_at)
    except InvalidFieldError as error:
        return error
    return f"{partition}:{sent.offset}"
