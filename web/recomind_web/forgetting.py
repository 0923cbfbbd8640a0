"""Erase the data of a user: request it, and ask how far it has come.

The handler writes a control record behind all earlier actions of the user, in the same partition. Agents erase the
user from profiles, counts, caches and the archive when they reach that record. Each stage records in the read model
that it is done.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.events import EraseUserRecord
from recomind.model.ids import all_partitions
from recomind.model.receipts import ErasureProgress, ErasureReceipt
from recomind.stores.read_model import STAGE_ARCHIVE, STAGE_PROFILE, STAGE_REQUESTED
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind_web.request_parsing import app_of, json_response, path_id

_RECEIPT: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


async def forget(request: web.Request) -> web.Response:
    """Erase a user.

    The status is 202 once Kafka has acknowledged the request. The response has a receipt, with which progress can be
    queried. If the user acts again later, they start as a new user.
    """
    app, user_id = app_of(request), path_id(request, "user_id")
    partition = partition_of(user_id, app.options.partitions)
    record = msgspec.json.encode(EraseUserRecord(user_id=user_id))
    [sent] = await app.kafka_producer.send(topics.ACTIONS, partition, [ProducerRecord(user_id.encode(), record)])
    with suppress(UnavailableError):
        await app.read_model.put_erasure_progress({(STAGE_REQUESTED, user_id): sent.offset})
    return json_response(
        msgspec.json.encode(ErasureReceipt(user_id, f"{partition}:{sent.offset}", datetime.now(UTC))), 202
    )


async def forgetting(request: web.Request) -> web.Response:
    """ErasureProgress of an erasure.

    The state is `done` once all stages have erased the user. A receipt is valid for 7 days.
    """
    app, user_id, receipt = app_of(request), path_id(request, "user_id"), request.match_info["receipt"]
    partition, offset = parse_receipt(receipt)
    stages = [STAGE_PROFILE, STAGE_ARCHIVE, *map(str, all_partitions(app.options.partitions))]
    found = await app.read_model.erasure_progress(user_id, [STAGE_REQUESTED, *stages])
    if partition != partition_of(user_id, app.options.partitions) or max(found.values()) < offset:
        raise web.HTTPNotFound(text="there is no such receipt, or it is more than 7 days old")
    pending = [stage for stage in stages if found[stage] < offset]
    progress = ErasureProgress(user_id, receipt, "pending" if pending else "done", pending)
    return json_response(msgspec.json.encode(progress))


def parse_receipt(receipt: str) -> tuple[int, int]:
    """Parse a receipt into partition and offset.

    Raises:
        HTTPNotFound: it has another form.
    """
    found = _RECEIPT.fullmatch(receipt)
    if found is None:
        raise web.HTTPNotFound(text="a receipt has the form partition:offset, as in the DELETE response")
    return int(found[1]), int(found[2])
