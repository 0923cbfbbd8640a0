"""The popularity stream: changes of popularity, encoded for the ranking index, that every worker follows.

A worker that stores popularity also appends the changes to one stream in Redis. Every worker reads the stream twice a
second, so ranking a list needs no reads of popularity, and each change is decoded once per worker, in bulk. Entries
hold absolute values: reading one twice, or after the stored value itself, changes nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.model.signals import FACTOR_WIDTH
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import NO_FACTOR_SUMS
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCounts
from recomind.state.popularity import HALF_LIVES_S, Popularity
from recomind.state.watch_times import Watches
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.key_value import MAX_KEYS_PER_COMMAND, KeyValueStore

SCORE_COLUMNS: Final = 2 * len(HALF_LIVES_S)
"""Columns of log-scores: of first likes, then of all actions. Seven other columns follow."""

REST_COLUMNS: Final = 7


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """Popularity of some videos, each of them once."""

    video_ids: list[str]
    rows: bytes
    factor_sums: list[bytes]
    watches: list[Watches] | None = None
    """None in entries of earlier versions."""
    local: list[LocalCounts] | None = None
    """None in entries of earlier versions, and where no video has any."""


_decode = msgspec.msgpack.Decoder(_Entry).decode


class PopularityChanges(NamedTuple):
    """Popularity of some videos, each of them once."""

    video_ids: Sequence[str]
    scores: Floats
    """Log-scores of first likes and of all actions, shape (videos, `SCORE_COLUMNS`)."""
    rest: Floats
    """Action count, first event time, first-like count, event times of the latest first like and latest action,
    impressions, shown likes.

    Shape (`REST_COLUMNS`, videos).
    """
    factor_sums: NDArray[np.float32]
    """Sums of the videos' increments in the factor model, shape (videos, 2 * `FACTOR_WIDTH`)."""
    watches: Sequence[Watches] = ()
    """How long each video was watched."""
    local: Sequence[LocalCounts] = ()
    """What each has counted by country and quarter of the day; empty where none has."""


NO_CHANGES: Final = PopularityChanges(
    (), np.empty((0, SCORE_COLUMNS)), np.empty((REST_COLUMNS, 0)), np.empty((0, 2 * FACTOR_WIDTH), np.float32)
)


async def publish(store: KeyValueStore, videos: Mapping[str, Popularity], fence: Fence | None) -> None:
    """Append popularity that has been stored.

    Raises:
        OutdatedError: a later generation of the group has written.
    """
    entries = iter(videos.items())
    while chunk := dict(islice(entries, MAX_KEYS_PER_COMMAND)):
        await store.append(keys.POPULARITY_STREAM, encode(chunk), keys.POPULARITY_STREAM_TTL_S, fence)


async def read(store: KeyValueStore, after: str) -> tuple[str, list[PopularityChanges]]:
    """Changes after an entry id, and the id of the last entry read; no changes at the end of the stream."""
    last, messages = await store.read_stream(keys.POPULARITY_STREAM, after)
    return last, [decode(message) for message in messages]


def encode(videos: Mapping[str, Popularity]) -> bytes:
    """Popularity as one entry.

    It has 136 bytes and the id per video, 104 bytes once outcomes were learned from, 4 for each bin of watch times, and
    some 20 for each local context.
    """
    rows = [
        (
            *one.like_scores,
            *one.action_scores,
            one.counts.total,
            one.first_at,
            one.first_likes,
            one.liked_at,
            one.last_at,
            one.impressions,
            one.shown_likes,
        )
        for one in videos.values()
    ]
    factor_sums = [one.factor_sums for one in videos.values()]
    watches = [one.watches for one in videos.values()]
    local = [one.local for one in videos.values()]
    entry = _Entry(
        list(videos),
        np.array(rows, "<f8").tobytes(),
        factor_sums,
        watches,
        None if all(one == NO_LOCAL_COUNTS for one in local) else local,
    )
    return msgspec.msgpack.encode(entry)


def decode(message: bytes) -> PopularityChanges:
    """The changes in an entry."""
    entry = _decode(message)
    count = len(entry.video_ids)
    rows = np.frombuffer(entry.rows, "<f8").reshape(count, -1)
    sums = np.frombuffer(b"".join([one or NO_FACTOR_SUMS for one in entry.factor_sums]), "<f4").reshape(count, -1)
    rest = np.zeros((REST_COLUMNS, count))
    rest[: rows.shape[1] - SCORE_COLUMNS] = rows[:, SCORE_COLUMNS:].T  # earlier versions had no impressions
    watches = [{}] * count if entry.watches is None else entry.watches
    return PopularityChanges(entry.video_ids, rows[:, :SCORE_COLUMNS], rest, sums, watches, entry.local or ())
