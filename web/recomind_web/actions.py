"""Report what users do: view, like or skip a video. The response is sent once Kafka has acknowledged the record."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.model.events import VideoAction, faulty_field, to_action
from recomind.model.responses import ActionOutcome
from recomind.model.text import InvalidFieldError
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind_web.headers import TOKEN_HEADER
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
    action = _validated(await parse_body(request, VideoAction))
    [token] = await _produce(app_of(request), [action])
    return json_response(msgspec.json.encode(_accepted(app_of(request), action, token)), 202)


async def post_actions(request: web.Request) -> web.Response:
    """Post a batch of actions.

    The response has one outcome for each action, in the same order. The status is 202 if all actions were accepted,
    else 207.
    """
    app = app_of(request)
    items = await parse_body(request, list[msgspec.Raw])
    if len(items) > app.options.batch_limit:
        raise BadRequestError(f"{len(items)} actions in one request: the limit is {app.options.batch_limit}")
    parsed = [_parse_item(item) for item in items]
    tokens = iter(await _produce(app, [item for item in parsed if isinstance(item, VideoAction)]))
    outcomes = [_accepted(app, item, next(tokens)) if isinstance(item, VideoAction) else item for item in parsed]
    token = merge_tokens(outcome.token for outcome in outcomes if outcome.token)
    status = 202 if all(outcome.status == 202 for outcome in outcomes) else 207
    return json_response(msgspec.json.encode(outcomes), status, {TOKEN_HEADER: token})


def _parse_item(raw: msgspec.Raw) -> VideoAction | ActionOutcome:
    """Parse and validate one action of a batch; an outcome with status 400 if it is invalid."""
    try:
        return _validated(msgspec.json.decode(raw, type=VideoAction))
    except InvalidFieldError as error:
        return ActionOutcome(400, detail=str(error), field=error.field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return ActionOutcome(400, detail=str(error), field=faulty_field(str(error)))


def _accepted(app: RecoMindApp, action: VideoAction, token: str) -> ActionOutcome:
    index = app.ranking_cache.index
    is_known = index.rows.get(action.video_id, -1) in index.videos
    return ActionOutcome(202, token, note="" if is_known else UNKNOWN_VIDEO_NOTE)


def _validated(action: VideoAction) -> VideoAction:
    """Validate an action and return it with its timestamp filled in.

    Raises:
        InvalidFieldError: a field is invalid.
    """
    now = datetime.now(UTC)
    to_action(action, now.timestamp())
    return action if action.timestamp else msgspec.structs.replace(action, timestamp=now)


async def _produce(app: RecoMindApp, actions: Sequence[VideoAction]) -> list[str]:
    """Write actions to the action topic and return their tokens, in order.

    Raises:
        UnavailableError: Kafka did not acknowledge them in time. The client may retry with the same `event_id`.
    """
    partitions = [partition_of(action.user_id, app.options.partitions) for action in actions]
    records: defaultdict[int, list[ProducerRecord]] = defaultdict(list)
    for partition, action in zip(partitions, actions, strict=True):
        records[partition].append(ProducerRecord(action.user_id.encode(), msgspec.json.encode(action)))
    sends = (app.kafka_producer.send(topics.ACTIONS, partition, batch) for partition, batch in records.items())
    offsets = dict(zip(records, await asyncio.gather(*sends), strict=True))
    remaining = {partition: iter(assigned) for partition, assigned in offsets.items()}
    return [f"{partition}:{next(remaining[partition])}" for partition in partitions]
