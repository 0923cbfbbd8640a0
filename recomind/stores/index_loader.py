"""Fills a worker's ranking index from the read model and the archive, as far as ranking needs it.

| data | when it is read |
|---|---|
| catalogue | in full once, then its changes (see `catalogue_follower`) |
| popularity | by the popularity stream (see `popularity_follower`) |
| videos' neighbours, users' likes | when a list needs them, and they are older than `ttl` |
| the EASE model's neighbours | when a list needs them, once per version of the model |
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from time import monotonic
from typing import Final

import numpy as np

from recomind.recommender.candidates import similar_users
from recomind.recommender.candidates.types import MAX_POSITIVES, MAX_SEEDS
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.index.windowed_top import ALL_TAGS
from recomind.state.profile import Profile, recent_positives
from recomind.stores.archive import Archive
from recomind.stores.catalogue_follower import CatalogueFollower
from recomind.stores.expiry import ExpiryTracker
from recomind.stores.popularity_follower import PopularityFollower
from recomind.stores.read_model import ReadModel

TRENDING_WINDOW: Final = "24h"

MAX_TRENDING: Final = 200
"""Trending videos whose popularity is always loaded."""


class IndexLoader:
    """Reads what a list needs into an index."""

    def __init__(
        self,
        index: VideoIndex,
        popularity: PopularityFollower,
        read_model: ReadModel,
        archive: Archive,
        *,
        partitions: int,
        ttl: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._index = index
        self._popularity = popularity
        self._read_model = read_model
        self.catalogue = CatalogueFollower(index, archive)
        self._partitions = partitions
        self._ease_version: str | None = None
        self._ease_loaded: set[str] = set()
        """Videos whose neighbours in that version have been read."""
        self._neighbours_expiry = ExpiryTracker(ttl, clock)
        self._likes_expiry = ExpiryTracker(ttl, clock)

    async def follow_popularity(self) -> None:
        """Read the changes in the popularity stream."""
        await self._popularity.follow()

    async def follow_trending_and_model(self) -> None:
        """Read the version of the EASE model and, while the stream is not followed, the trending videos."""
        if not self._popularity.is_following:
            trending = await self._read_model.windowed_top(self._partitions, ALL_TAGS, TRENDING_WINDOW)
            await self._popularity.load(video_id for video_id, _ in trending[:MAX_TRENDING])
        version = await self._read_model.ease_model_version()
        if version != self._ease_version:
            self._ease_version, self._ease_loaded = version, set()

    async def load(self, profiles: Sequence[Profile]) -> None:
        """Read what the lists of users need and the index lacks."""
        positives = [recent_positives(profile, MAX_POSITIVES) for profile in profiles]
        seeds = _unique(chain.from_iterable(some[:MAX_SEEDS] for some in positives))
        await asyncio.gather(
            self._load_ease_neighbours(_unique(chain.from_iterable(positives))), self._load_neighbours(seeds)
        )
        if self._popularity.is_following:
            await self._popularity.load_new()
        else:
            await self._popularity.load([*seeds, *self._neighbours_of(seeds)])
        await self._load_likes(_unique(chain.from_iterable(map(self._similar_users, positives))))

    async def _load_neighbours(self, video_ids: Iterable[str]) -> None:
        expired = self._neighbours_expiry.renew_expired(video_ids)
        for video_id, neighbours in (await self._read_model.neighbours(expired)).items():
            self._index.put_neighbours(video_id, neighbours)

    async def _load_ease_neighbours(self, video_ids: Iterable[str]) -> None:
        if self._ease_version is None:
            return
        loaded = self._ease_loaded
        new = [video_id for video_id in video_ids if video_id not in loaded]
        for video_id, neighbours in (await self._read_model.ease_neighbours(self._ease_version, new)).items():
            self._index.put_model_neighbours(video_id, neighbours)
        loaded.update(new)

    async def _load_likes(self, user_ids: Iterable[str]) -> None:
        expired = self._likes_expiry.renew_expired(user_ids)
        found = await self._read_model.likes(expired)
        for user_id in expired:
            self._index.put_likes(user_id, found[user_id].likes if user_id in found else ())

    def _neighbours_of(self, video_ids: Iterable[str]) -> list[str]:
        neighbours = self._index.neighbours.arrays_of([self._index.row(video_id) for video_id in video_ids])
        return [self._index.ids[row] for row in np.unique(neighbours.rows).tolist()]

    def _similar_users(self, positives: Sequence[str]) -> list[str]:
        """The users whose likes ranking reads: the most similar ones."""
        rows = [self._index.row(video_id) for video_id in positives[: similar_users.MAX_SEEDS]]
        return [user_id for user_id, _ in similar_users.similar_to(rows, self._index)]


def _unique(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
