"""The feed: popularity as it changes, in the form in which ranking reads it, for all replicas to follow.

Whoever writes videos' popularity adds what has changed to one log in Redis; every worker reads it twice a second. So
a list costs no reads of popularity, whatever the number of candidates, and a value that changes is decoded once a
worker, many at a time. Entries are absolute values: one that is read twice, or after the value itself, does no harm.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec
import numpy as np

from recomind.recommender.index.columns import Floats
from recomind.state.popularity import HALF_LIVES, Popularity
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.key_value import MOST, Values

SCORES: Final = 2 * len(HALF_LIVES)
"""Columns of log-scores, liked and shown; five more follow."""

_decode = msgspec.msgpack.Decoder(tuple[list[str], bytes]).decode


class Changes(NamedTuple):
    """Popularity of some videos, each of them once."""

    video_ids: Sequence[str]
    scores: Floats
    """Log-scores, of first likes and of all actions, shape (videos, `SCORES`)."""
    rest: Floats
    """Actions, event time of the first one, first likes, event times of the latest one and of the latest action.

    Shape (5, videos).
    """


NONE: Final = Changes((), np.empty((0, SCORES)), np.empty((5, 0)))


async def tell(values: Values, videos: Mapping[str, Popularity], fence: Fence | None) -> None:
    """Add to the feed what has been stored.

    Raises:
        OutdatedError: somebody else's is the writing by now.
    """
    entries = iter(videos.items())
    while some := dict(islice(entries, MOST)):
        await values.append(keys.POPULARITY_FEED, pack(some), keys.FEED_TTL, fence)


async def news(values: Values, after: str) -> tuple[str, list[Changes]]:
    """What has been added after a place, none once all is read; and the place after it."""
    place, messages = await values.read_log(keys.POPULARITY_FEED, after)
    return place, [unpack(message) for message in messages]


def pack(videos: Mapping[str, Popularity]) -> bytes:
    """Popularity as an entry: 120 bytes and the id a video."""
    rows = [
        (*one.liked, *one.shown, one.counts.total, one.first_at, one.likes, one.liked_at, one.last_at)
        for one in videos.values()
    ]
    return msgspec.msgpack.encode((list(videos), np.array(rows, "<f8").tobytes()))


def unpack(message: bytes) -> Changes:
    """What an entry tells."""
    video_ids, packed = _decode(message)
    rows = np.frombuffer(packed, "<f8").reshape(len(video_ids), -1)
    return Changes(video_ids, rows[:, :SCORES], rows[:, SCORES:].T)
