"""A worker's copy of what it ranks with: an index, filled from the read model and the archive as it is needed.

The catalogue is followed by its numbered changes. Figures of videos and people are read when a person who needs
them is ranked, and read again once they are older than `ttl`.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from time import monotonic
from typing import Final

import msgspec
import numpy as np

from recomind.candidates import tags
from recomind.candidates.found import ENJOYED, SEEDS
from recomind.catalogue import join
from recomind.ranking.blend import Weights
from recomind.ranking.index import VideoIndex
from recomind.recommender import rank, slate_of
from recomind.state.neighbours import Liker
from recomind.state.profile import Profile, enjoyed_lately
from recomind.stores.archive import Archive
from recomind.stores.read_model import ListMeta, ReadModel, Stored

TRENDING: Final = 200
"""How many trending videos are always at hand."""

REMEMBERED: Final = 10_000
"""How many times of reading are kept at least, before those that no longer matter are forgotten."""


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
        self._read_at: dict[tuple[str, str], float] = {}
        self._sweep_at = REMEMBERED

    async def follow_catalogue(self) -> None:
        """Take in the catalogue, and from then on its changes."""
        if self._change is None:
            self._change, videos = await self._archive.all_videos()
        else:
            self._change, videos = await self._archive.changed_videos(self._change)
        for video in videos:
            self.index.put_video(video)

    async def follow_audience(self) -> None:
        """Take in what trends now, and which model is served."""
        leading = await self._read_model.trending(self._partitions)
        await self._load_popularity(video_id for video_id, _ in leading[:TRENDING])
        self._model = await self._read_model.model_version()

    async def load(self, profiles: Sequence[Profile]) -> None:
        """Bring the figures that ranking these people needs up to date."""
        enjoyed = [enjoyed_lately(one, ENJOYED) for one in profiles]
        await self._load_model(_unique(chain.from_iterable(enjoyed)))
        seeds = _unique(chain.from_iterable(some[:SEEDS] for some in enjoyed))
        await self._load_neighbours(seeds)
        await self._load_popularity([*seeds, *self._company(seeds)])
        people = (liker.user_id for video in seeds for liker in self._likers(video))
        await self._load_people(_unique(people))

    def list_for(self, profile: Profile, n: int) -> Stored:
        """Rank for a person and serialise the answer; `load` comes first."""
        ranked = rank(profile, self.index, self.now)
        slate = slate_of(ranked, self.index, self.weights, n)
        names = [tag for tag, _ in tags.strongest(ranked.tastes, self.index)]
        sources = {pick.video_id: pick.sources for pick in slate.picks}
        meta = ListMeta(slate.as_of, profile.origins, slate.version, sources)
        return Stored(self.cards(pick.video_id for pick in slate.picks), msgspec.json.encode(names), meta)

    def popular(self, n: int) -> bytes:
        """Trending as JSON."""
        return join(self.index.cards[row] for row in self.index.heads.popular(n).tolist())

    def cards(self, video_ids: Iterable[str]) -> bytes:
        """The listed ones of these videos as a JSON array."""
        known = (self.index.cards.get(self.index.row(video_id)) for video_id in video_ids)
        return join(card for card in known if card)

    def met(self, event_time: float) -> None:
        """Move on to an event time; time never goes back."""
        self.now = max(self.now, event_time)

    async def _load_neighbours(self, video_ids: Iterable[str]) -> None:
        stale = self._stale("neighbours", video_ids)
        for video_id, neighbours in (await self._read_model.neighbours(stale)).items():
            self.index.put_neighbours(video_id, neighbours)

    async def _load_popularity(self, video_ids: Iterable[str]) -> None:
        stale = self._stale("popularity", video_ids)
        for video_id, figures in (await self._read_model.figures(stale)).items():
            self.index.put_popularity(video_id, figures)
            self.met(figures.last_at)

    async def _load_model(self, video_ids: Iterable[str]) -> None:
        if self._model is None:
            return
        stale = self._stale(f"model {self._model}", video_ids)
        for video_id, others in (await self._read_model.model(self._model, stale)).items():
            self.index.put_model(video_id, others)

    async def _load_people(self, user_ids: Iterable[str]) -> None:
        stale = self._stale("people", user_ids)
        found = await self._read_model.likes(stale)
        for user_id in stale:
            self.index.put_likes(user_id, found[user_id].likes if user_id in found else ())

    def _company(self, video_ids: Iterable[str]) -> list[str]:
        company = self.index.companies.of([self.index.row(video_id) for video_id in video_ids])
        return [self.index.ids[row] for row in np.unique(company.rows).tolist()]

    def _likers(self, video_id: str) -> Sequence[Liker]:
        return self.index.likers.get(self.index.row(video_id), ())

    def _stale(self, kind: str, ids: Iterable[str]) -> list[str]:
        """Those whose figures of this kind are too old; they count as read from now on."""
        now = self._clock()
        stale = [one for one in ids if self._read_at.get((kind, one), -self._ttl) <= now - self._ttl]
        self._read_at.update(dict.fromkeys(((kind, one) for one in stale), now))
        if len(self._read_at) > self._sweep_at:
            self._sweep(now)
        return stale

    def _sweep(self, now: float) -> None:
        """Forget what is to be read again anyway; done when it has doubled, so that it costs little an id."""
        self._read_at = {key: at for key, at in self._read_at.items() if at > now - self._ttl}
        self._sweep_at = max(REMEMBERED, 2 * len(self._read_at))


def _unique(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
