"""Read your own writes: `?after=TOKEN` waits until the user's list reflects the action that the token names.

A token is `partition:offset`. The token of a batch is several of them, separated by commas. All actions of a user are
in one partition, so only that partition's offset matters to the user's list.
"""

import asyncio
import re
from collections.abc import Iterable
from time import monotonic
from typing import Final

from aiohttp import web

from recomind.errors import UnavailableError
from recomind.runtime.app import RecoMindApp
from recomind.stores.list_store import CountedList
from recomind.stream.partitioner import partition_of
from recomind_web.problem_json import BadRequestError

TOKEN_PATTERN: Final = r"[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*"  # noqa: S105 a pattern, not a secret
"""Regular expression of a token."""

MAX_WAIT_S: Final = 1.0
"""Longest time that a request waits for its token, in seconds."""

POLL_INTERVAL_S: Final = 0.02
"""Seconds between two checks of the read model."""

_TOKEN: Final = re.compile(TOKEN_PATTERN)


def merge_tokens(tokens: Iterable[str]) -> str:
    """Merge the tokens of several actions into one: the highest offset of each partition.

    >>> merge_tokens(["1:7", "0:3", "1:9"])
    '0:3,1:9'
    """
    highest: dict[int, int] = {}
    for token in tokens:
        partition, offset = map(int, token.split(":"))
        highest[partition] = max(offset, highest.get(partition, -1))
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(highest.items()))


def after_param(request: web.Request) -> dict[int, int] | None:
    """Parse `?after=` into partition to offset; None if the parameter is absent.

    Raises:
        BadRequestError: the value is not a token.
    """
    text = request.query.get("after")
    if text is None:
        return None
    if not _TOKEN.fullmatch(text):
        raise BadRequestError("after must be a token from a POST /video_action response: partition:offset", "after")
    return {int(partition): int(offset) for partition, offset in (part.split(":") for part in text.split(","))}


async def wait_until_counted(app: RecoMindApp, user_id: str, after: dict[int, int]) -> CountedList | None:
    """Wait until the user's list reflects the given offsets, and return it as it was read then.

    Returns None if that takes longer than `MAX_WAIT_S`, or if Redis is unavailable.
    """
    partition = partition_of(user_id, app.options.partitions)
    offset, deadline = after.get(partition, -1), monotonic() + MAX_WAIT_S
    try:
        while not (found := await app.read_model.list_including(user_id, partition, offset)).is_counted:
            if monotonic() > deadline:
                return None
            await asyncio.sleep(POLL_INTERVAL_S)
    except UnavailableError:
        return None
    return found
