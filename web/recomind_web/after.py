"""Reading one's own writes: `?after=TOKEN` waits until the person's list counts the action that the token stands for.

A token is `partition:offset`, that of a batch several of them, separated by commas; a person's actions are all in one
partition, so the others do not matter to her list.
"""

import asyncio
import re
from collections.abc import Iterable
from time import monotonic
from typing import Final

from aiohttp import web

from recomind.errors import UnavailableError
from recomind.runtime.app import RecoMindApp
from recomind.stream.partitioner import partition_of
from recomind_web.problems import BadRequestError
from recomind_web.requests import AFTER_PATTERN

WAIT: Final = 1.0
"""Seconds that a request waits at most."""

PAUSE: Final = 0.02
"""Seconds between looks."""

_TOKEN: Final = re.compile(AFTER_PATTERN)


def token_of(tokens: Iterable[str]) -> str:
    """The token of many actions: the highest offset of each partition.

    >>> token_of(["1:7", "0:3", "1:9"])
    '0:3,1:9'
    """
    highest: dict[int, int] = {}
    for token in tokens:
        partition, offset = map(int, token.split(":"))
        highest[partition] = max(offset, highest.get(partition, -1))
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(highest.items()))


def after_of(request: web.Request) -> dict[int, int] | None:
    """What the list has to count, `?after=`: partition to offset; None where nothing is asked for.

    Raises:
        BadRequestError: it is no token.
    """
    text = request.query.get("after")
    if text is None:
        return None
    if not _TOKEN.fullmatch(text):
        raise BadRequestError("after must be a token as POST /video_action answers it: partition:offset", "after")
    return {int(partition): int(offset) for partition, offset in (part.split(":") for part in text.split(","))}


async def counted(app: RecoMindApp, user_id: str, after: dict[int, int]) -> bool:
    """Whether the person's stored list counts all that; false if it does not within `WAIT`, or cannot be asked."""
    partition = partition_of(user_id, app.options.partitions)
    offset, end = after.get(partition, -1), monotonic() + WAIT
    try:
        while not await app.read_model.counts(user_id, partition, offset):
            if monotonic() > end:
                return False
            await asyncio.sleep(PAUSE)
    except UnavailableError:
        return False
    return True
