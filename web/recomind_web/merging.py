"""Merge an anonymous session into a user: request it, and ask how far it has come.

The handler writes a note to the user's partition, whose offset says which erasures come later, and then a control
record behind all earlier actions of the session. Agents write these actions to the log of the user, where they count as
the user's, and erase the session.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.catalogue import check_id
from recomind.model.events import SESSION_PREFIX, MergeSessionRecord, is_session
from recomind.model.ids import UserId, all_partitions
from recomind.model.receipts import MergeProgress, MergeReceipt, SessionToMerge
from recomind.stores.read_model import (
    STAGE_ARCHIVE,
    STAGE_MERGED_PROFILE,
    STAGE_MERGED_ROWS,
    STAGE_PROFILE,
    STAGE_REQUESTED,
)
from recomind.stream import topics
from recomind.stream.merged_actions import merge_note
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind_web.forgetting import parse_receipt
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import app_of, json_response, parse_body, path_id

STAGES: Final = (STAGE_MERGED_PROFILE, STAGE_MERGED_ROWS, STAGE_PROFILE, STAGE_ARCHIVE)
"""Besides one per video partition."""


async def merge(request: web.Request) -> web.Response:
    """Merge an anonymous session into a user.

    The status is 202 once Kafka has acknowledged the request. Afterwards the user has done what the session did: likes,
    reactions and seen videos. Videos count a user once, also one that both have liked. The session is a new user.
    """
    app, user_id = app_of(request), path_id(request, "user_id")
    if is_session(user_id):
        raise BadRequestError(f"a session can only be merged into a user whose id does not begin with {SESSION_PREFIX}")
    session = check_id("session", (await parse_body(request, SessionToMerge)).session)
    if not is_session(session):
        raise BadRequestError(f"session must be the id of an anonymous session: {SESSION_PREFIX}...", "session")
    await app.served_lists.flush([session])
    partitions, producer = app.options.partitions, app.kafka_producer
    note = merge_note(UserId(user_id), UserId(session))
    [asked] = await producer.send(topics.ACTIONS, partition_of(user_id, partitions), [note])
    record = msgspec.json.encode(MergeSessionRecord(user_id=session, into=user_id, asked_at=asked.offset))
    partition = partition_of(session, partitions)
    [sent] = await producer.send(topics.ACTIONS, partition, [ProducerRecord(session.encode(), record)])
    with suppress(UnavailableError):
        await app.read_model.put_erasure_progress({(STAGE_REQUESTED, session): sent.offset})
    receipt = MergeReceipt(user_id, session, f"{partition}:{sent.offset}", datetime.now(UTC))
    return json_response(msgspec.json.encode(receipt), 202)


async def merge_progress(request: web.Request) -> web.Response:
    """Progress of a merge.

    The state is `done` once the user has all that the session did, and the session is erased. A receipt is valid for 7
    days.
    """
    app, user_id, session = app_of(request), path_id(request, "user_id"), path_id(request, "session")
    receipt, partitions = request.match_info["receipt"], app.options.partitions
    partition, offset = parse_receipt(receipt)
    stages = [*STAGES, *map(str, all_partitions(partitions))]
    found = await app.read_model.erasure_progress(session, [STAGE_REQUESTED, *stages])
    if partition != partition_of(session, partitions) or max(found.values()) < offset:
        raise web.HTTPNotFound(text="there is no such receipt, or it is more than 7 days old")
    pending = [stage for stage in stages if found[stage] < offset]
    progress = MergeProgress(user_id, session, receipt, "pending" if pending else "done", pending)
    return json_response(msgspec.json.encode(progress))
