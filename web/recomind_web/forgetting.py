"""`DELETE /users/{user_id}`: a person is forgotten, in the order of the log; and how far that has come.

The handler only writes a control record, behind all that the person did. Agents take her out of profiles, counts,
caches and the archive as they meet it, and each part notes in the read model that it is through.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.model.events import ForgetPerson
from recomind.model.responses import Progress, Receipt
from recomind.stores.read_model import ARCHIVE, ASKED, PERSON
from recomind.stream import topics
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing
from recomind_web.requests import app_of, id_of, json

_RECEIPT: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


async def forget(request: web.Request) -> web.Response:
    """Forget a person; 202 with a receipt once Kafka has the request. Whoever acts again is a new person."""
    app, user_id = app_of(request), id_of(request, "user_id")
    partition = partition_of(user_id, app.options.partitions)
    record = msgspec.json.encode(ForgetPerson(user_id=user_id, action_type="forget"))
    [offset] = await app.sender.write(topics.ACTIONS, partition, [Outgoing(user_id.encode(), record)])
    with suppress(UnavailableError):
        await app.read_model.put_forgetting({(ASKED, user_id): offset})
    return json(msgspec.json.encode(Receipt(user_id, f"{partition}:{offset}", datetime.now(UTC))), 202)


async def forgetting(request: web.Request) -> web.Response:
    """Whether a person has been forgotten; told for 7 days."""
    app, user_id, receipt = app_of(request), id_of(request, "user_id"), request.match_info["receipt"]
    partition, offset = _place_of(receipt)
    parts = [PERSON, ARCHIVE, *map(str, range(app.options.partitions))]
    found = await app.read_model.forgetting(user_id, [ASKED, *parts])
    if partition != partition_of(user_id, app.options.partitions) or max(found.values()) < offset:
        raise web.HTTPNotFound(text="there is no such receipt, or it is more than 7 days old")
    waits_for = [part for part in parts if found[part] < offset]
    progress = Progress(user_id, receipt, "pending" if waits_for else "done", waits_for)
    return json(msgspec.json.encode(progress))


def _place_of(receipt: str) -> tuple[int, int]:
    """Partition and offset.

    Raises:
        HTTPNotFound: it is no receipt.
    """
    found = _RECEIPT.fullmatch(receipt)
    if found is None:
        raise web.HTTPNotFound(text="a receipt is partition:offset, as DELETE answers it")
    return int(found[1]), int(found[2])
