"""Keeps the popularity in a ranking index up to date.

The follower reads the stored popularity of all known videos once, then the changes in the popularity stream. While it
cannot read the stream, it reads the popularity of the videos that a list needs, if that is older than `ttl`.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from math import inf
from time import monotonic
from typing import Final

import numpy as np

from recomind.recommender.index.video_index import VideoIndex
from recomind.stores import keys, popularity_stream
from recomind.stores.event_clock import EventClock
from recomind.stores.expiry import ExpiryTracker
from recomind.stores.read_model import ReadModel

MAX_VIDEOS_PER_COMMAND: Final = 500
"""Videos whose popularity is read by one command when all of it is read; it keeps Redis busy for some milliseconds."""

MAX_STREAM_GAP_S: Final = keys.POPULARITY_STREAM_TTL_S / 2
"""After this time without reading, the stream may have lost entries, and all popularity is read again."""


class PopularityFollower:
    """Reads popularity into an index, and advances the event clock by it."""

    def __init__(
        self,
        index: VideoIndex,
        event_clock: EventClock,
        read_model: ReadModel,
        *,
        ttl: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._index = index
        self._event_clock = event_clock
        self._read_model = read_model
        self._ttl = ttl
        self._clock = clock
        self._expiry = ExpiryTracker(ttl, clock)
        self._followed_at = -inf
        self._position = ""
        """Id of the last stream entry read."""
        self._read_lock = asyncio.Lock()
        self._known_rows = 0
        """The first rows of the index, as many as this, have had their popularity read."""

    @property
    def is_following(self) -> bool:
        """Whether the index has the popularity of all its videos, none of it older than `ttl`."""
        return self._clock() - self._followed_at <= self._ttl

    async def follow(self) -> None:
        """Read the changes in the stream; at first, and after a gap, all popularity."""
        now, store = self._clock(), self._read_model.store
        async with self._read_lock:
            if now - self._followed_at > MAX_STREAM_GAP_S:
                self._position, self._known_rows = await store.stream_end(keys.POPULARITY_STREAM), 0
            await self._read_new_rows()
        batches: Sequence[popularity_stream.PopularityChanges] = [popularity_stream.NO_CHANGES]
        while batches:
            self._position, batches = await popularity_stream.read(store, self._position)
            for changes in batches:
                self._apply(changes)
        self._followed_at = now

    async def load(self, video_ids: Iterable[str]) -> None:
        """Read popularity that is older than `ttl`."""
        await self.read(self._expiry.renew_expired(video_ids))

    async def load_new(self) -> None:
        """Read the popularity of videos that are new in the index, if they are few; else `follow` reads it."""
        is_few = self._known_rows < self._index.size <= self._known_rows + MAX_VIDEOS_PER_COMMAND
        if is_few and not self._read_lock.locked():
            async with self._read_lock:
                await self._read_new_rows()

    async def read(self, video_ids: Sequence[str]) -> None:
        """Read the popularity of videos."""
        for video_id, popularity in (await self._read_model.ranking_popularity(video_ids)).items():
            self._index.put_popularity(video_id, popularity)
            self._event_clock.advance(popularity.last_at)

    async def _read_new_rows(self) -> None:
        while self._known_rows < self._index.size:
            chunk = self._index.ids[self._known_rows : self._known_rows + MAX_VIDEOS_PER_COMMAND]
            await self.read(chunk)
            self._known_rows += len(chunk)

    def _apply(self, changes: popularity_stream.PopularityChanges) -> None:
        actions, first_at, likes, liked_at, last_at, *shown = changes.rest
        self._index.put_popularity_columns(
            changes.video_ids,
            changes.scores,
            actions,
            first_at,
            likes,
            liked_at,
            changes.factor_sums,
            np.array(shown),
            changes.watches,
            changes.local,
        )
        self._event_clock.advance(float(last_at.max(initial=0.0)))
