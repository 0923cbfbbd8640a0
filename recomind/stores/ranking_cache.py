"""A worker's copy of what it ranks with: an index, filled from the read model and the archive as it is needed.

The catalogue is followed by its numbered changes, popularity by its feed. Videos' company and people's likes are read
when a person who needs them is ranked, and read again once they are older than `ttl`; so is popularity while the feed
cannot be followed. The retrained model's lists are read once a version.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import inf
from time import monotonic
from typing import Final

import msgspec
import numpy as np

from recomind.model.catalogue import join
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates import similar_users, tags
from recomind.recommender.candidates.types import ENJOYED, SEEDS
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import Ranked, rank, slate_of
from recomind.state.profile import Profile, enjoyed_lately
from recomind.stores import keys, popularity_stream
from recomind.stores.archive import Archive
from recomind.stores.expiry import Ages
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ListMeta, Stored

TRENDING: Final = 200
"""How many trending videos are always at hand."""

TOGETHER: Final = 500
"""Videos whose popularity is read by one command where all of it is read: some milliseconds."""

PAUSE: Final = keys.FEED_TTL / 2
"""Seconds after which the feed may have lost what was not read."""


class Replica:
    """An index near the read model."""

    def __init__(
        self,
        read_model: ReadModel,
        archive: Archive,
        *,
        partitions: int,
        ttl: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.index = VideoIndex()
        self.weights = Weights()
        """What the blend has learned, here and, since they last met, in the other workers."""
        self.now = 0.0
        """The latest event time met, epoch seconds."""
        self._read_model = read_model
        self._archive = archive
        self._partitions = partitions
        self._ttl = ttl
        self._clock = clock
        self._change: int | None = None
        self._model: str | None = None
        self._of_model: set[str] = set()
        """Videos whose lists in that model have been read."""
        self._neighbours, self._popularity, self._people = (Ages(ttl, clock) for _ in range(3))
        self._followed_at = -inf
        self._place = ""
        self._reading = asyncio.Lock()
        self._known = 0
        """Rows whose popularity has been read, and is followed."""

    async def follow_catalogue(self) -> None:
        """Take in the catalogue, and from then on its changes."""
        if self._change is None:
            self._change, videos = await self._archive.all_videos()
        else:
            self._change, videos = await self._archive.changed_videos(self._change)
        for video in videos:
            self.index.put_video(video)

    async def follow_audience(self) -> None:
        """Take in which model is served and, while popularity is not followed, what trends now."""
        if not self.follows:
            leading = await self._read_model.trending(self._partitions)
            await self._load_popularity(video_id for video_id, _ in leading[:TRENDING])
        version = await self._read_model.model_version()
        if version != self._model:
            self._model, self._of_model = version, set()

    async def follow_popularity(self) -> None:
        """Take in what the feed tells; at first, and after a pause, all that is known."""
        now, values = self._clock(), self._read_model.values
        async with self._reading:
            if now - self._followed_at > PAUSE:
                self._place, self._known = await values.end_of(keys.POPULARITY_FEED), 0
            await self._read_new_rows()
        changes: Sequence[popularity_stream.Changes] = [popularity_stream.NONE]
        while changes:
            self._place, changes = await popularity_stream.news(values, self._place)
            for some in changes:
                self._take(some)
        self._followed_at = now

    @property
    def follows(self) -> bool:
        """Whether all popularity is at hand, none older than may be ranked with."""
        return self._clock() - self._followed_at <= self._ttl

    async def load(self, profiles: Sequence[Profile]) -> None:
        """Bring the figures that ranking these people needs up to date."""
        enjoyed = [enjoyed_lately(one, ENJOYED) for one in profiles]
        await self._load_model(_unique(chain.from_iterable(enjoyed)))
        seeds = _unique(chain.from_iterable(some[:SEEDS] for some in enjoyed))
        await self._load_neighbours(seeds)
        if not self.follows:
            await self._load_popularity([*seeds, *self._company(seeds)])
        elif self._known < self.index.size <= self._known + TOGETHER and not self._reading.locked():
            async with self._reading:
                await self._read_new_rows()
        await self._load_people(_unique(chain.from_iterable(map(self._similar, enjoyed))))

    def list_for(self, profile: Profile, n: int) -> Stored:
        """Rank for a person and serialise the answer; `load` comes first."""
        return self.stored(self.rank(profile), n)

    def rank(self, profile: Profile) -> Ranked:
        """The candidates for a person; `load` comes first."""
        return rank(profile, self.index, self.now)

    def stored(self, ranked: Ranked, n: int) -> Stored:
        """The best `n` of a person's candidates, serialised."""
        slate = slate_of(ranked, self.index, self.weights, n)
        names = [tag for tag, _ in tags.strongest(ranked.tastes, self.index)]
        sources = {pick.video_id: pick.sources for pick in slate.picks}
        meta = ListMeta(slate.as_of, ranked.profile.origins, slate.version, sources)
        return Stored(self.cards(pick.video_id for pick in slate.picks), msgspec.json.encode(names), meta)

    def popular(self, n: int) -> bytes:
        """Trending as JSON."""
        return join(self.index.cards[self.index.ids[row]] for row in self.index.heads.popular(n).tolist())

    def cards(self, video_ids: Iterable[str]) -> bytes:
        """The listed ones of these videos as a JSON array."""
        return join(filter(None, map(self.index.cards.get, video_ids)))

    def met(self, event_time: float) -> None:
        """Move on to an event time; time never goes back."""
        self.now = max(self.now, event_time)

    async def _load_neighbours(self, video_ids: Iterable[str]) -> None:
        stale = self._neighbours.stale(video_ids)
        for video_id, neighbours in (await self._read_model.neighbours(stale)).items():
            self.index.put_neighbours(video_id, neighbours)

    async def _load_popularity(self, video_ids: Iterable[str]) -> None:
        await self._read_popularity(self._popularity.stale(video_ids))

    async def _read_popularity(self, video_ids: Sequence[str]) -> None:
        for video_id, figures in (await self._read_model.figures(video_ids)).items():
            self.index.put_popularity(video_id, figures)
            self.met(figures.last_at)

    async def _read_new_rows(self) -> None:
        """Read the popularity of videos that are new here; what changes in it then comes by the feed."""
        while self._known < self.index.size:
            some = self.index.ids[self._known : self._known + TOGETHER]
            await self._read_popularity(some)
            self._known += len(some)

    def _take(self, changes: popularity_stream.Changes) -> None:
        self.index.put_figures(changes.video_ids, changes.scores, *changes.rest[:4])
        self.met(float(changes.rest[4].max(initial=0.0)))

    async def _load_model(self, video_ids: Iterable[str]) -> None:
        if self._model is None:
            return
        read = self._of_model
        new = [video_id for video_id in video_ids if video_id not in read]
        for video_id, others in (await self._read_model.model(self._model, new)).items():
            self.index.put_model(video_id, others)
        read.update(new)

    async def _load_people(self, user_ids: Iterable[str]) -> None:
        stale = self._people.stale(user_ids)
        found = await self._read_model.likes(stale)
        for user_id in stale:
            self.index.put_likes(user_id, found[user_id].likes if user_id in found else ())

    def _company(self, video_ids: Iterable[str]) -> list[str]:
        company = self.index.companies.of([self.index.row(video_id) for video_id in video_ids])
        return [self.index.ids[row] for row in np.unique(company.rows).tolist()]

    def _similar(self, enjoyed: Sequence[str]) -> list[str]:
        """The people whose likes ranking looks at: some of those who lately liked the same."""
        rows = [self.index.row(video_id) for video_id in enjoyed[: similar_users.SEEDS]]
        return [user_id for user_id, _ in similar_users.similar_to(rows, self.index)]


def _unique(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
