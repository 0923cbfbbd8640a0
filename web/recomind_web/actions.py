"""`POST /video_action` and `/video_actions`: checked, written to Kafka, and answered once Kafka has them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from recomind.model.events import InvalidActionError, VideoAction, fault_of, to_action
from recomind.model.responses import Outcome
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing
from recomind_web.after import token_of
from recomind_web.problems import BadRequestError
from recomind_web.requests import TOKEN, app_of, body_of, json


async def post_action(request: web.Request) -> web.Response:
    """Take one action; 202 once Kafka has acknowledged it."""
    action = _checked(await body_of(request, VideoAction))
    [token] = await _write(app_of(request), [action])
    return json(msgspec.json.encode(Outcome(202, token)), 202)


async def post_actions(request: web.Request) -> web.Response:
    """Take many actions, with an answer for each: 202 if all were taken, else 207."""
    app = app_of(request)
    sent = await body_of(request, list[msgspec.Raw])
    if len(sent) > app.options.batch_limit:
        raise BadRequestError(f"{len(sent)} actions in one request: at most {app.options.batch_limit}")
    read = [_read(raw) for raw in sent]
    tokens = iter(await _write(app, [one for one in read if isinstance(one, VideoAction)]))
    answers = [Outcome(202, next(tokens)) if isinstance(one, VideoAction) else one for one in read]
    token = token_of(one.token for one in answers if one.token)
    status = 202 if all(one.status == 202 for one in answers) else 207
    return json(msgspec.json.encode(answers), status, {TOKEN: token})


def _read(raw: msgspec.Raw) -> VideoAction | Outcome:
    try:
        return _checked(msgspec.json.decode(raw, type=VideoAction))
    except InvalidActionError as error:
        return Outcome(400, detail=str(error), field=error.field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Outcome(400, detail=str(error), field=fault_of(str(error)))


def _checked(action: VideoAction) -> VideoAction:
    """The action with its time set, if it is valid."""
    now = datetime.now(UTC)
    to_action(action, now.timestamp())
    return action if action.timestamp else msgspec.structs.replace(action, timestamp=now)


async def _write(app: RecoMindApp, actions: Sequence[VideoAction]) -> list[str]:
    """Write actions to the stream; their tokens, in order.

    Raises:
        UnavailableError: Kafka did not acknowledge them in time; send the same `event_id` again to count once.
    """
    partitions = [partition_of(action.user_id, app.options.partitions) for action in actions]
    lanes: defaultdict[int, list[Outgoing]] = defaultdict(list)
    for partition, action in zip(partitions, actions, strict=True):
        lanes[partition].append(Outgoing(action.user_id.encode(), msgspec.json.encode(action)))
    writes = (app.sender.write(topics.ACTIONS, partition, records) for partition, records in lanes.items())
    offsets = dict(zip(lanes, await asyncio.gather(*writes), strict=True))
    left = {partition: iter(some) for partition, some in offsets.items()}
    return [f"{partition}:{next(left[partition])}" for partition in partitions]
