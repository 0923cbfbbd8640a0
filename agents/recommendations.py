"""The periodic agent: a new list for everybody with news, and lessons for the blend.

It runs at the refresh interval and, until nobody waits, before each commit, so that an action whose offset is
committed is in its person's list.
"""

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Final

import msgspec

from agents.publishing import Publisher
from recomind.app import Lesson, RecoMindApp
from recomind.candidates.sources import STRATEGIES
from recomind.ranking.blend import Weights
from recomind.recommender import NAMES, learn, rank
from recomind.state.profile import Profile
from recomind.stores.read_model import Stored

CHUNK: Final = 32
"""People ranked between two turns of the event loop's other work."""

TEACH: Final = 8
"""Most likes learned from in a round."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    refresher = Refresher(app)
    app.every(app.options.refresh_interval, refresher.refresh)
    app.every(app.options.trending_interval, refresher.share_weights)


class Refresher:
    """Ranks people with news."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._learned = Weights()
        self._ranking = asyncio.Lock()
        self._archived = Publisher[tuple[Stored, float]](self._write_down)
        app.commit_hooks += [self.refresh, self._archived.flush]

    async def refresh(self) -> None:
        """Rank everybody who has news now."""
        async with self._ranking:
            waiting = len(self._app.news)
            for _ in range(0, waiting, CHUNK):
                await self._refresh_some()
        self._app.counters.waiting.set(len(self._app.news))

    async def share_weights(self) -> None:
        """Publish what this worker has learned, as an absolute value."""
        if self._learned.version:
            await self._app.read_model.put_weights(min(self._app.owned), self._learned)
        weights = self._app.replica.weights
        if weights.version:
            for name, weight in zip(NAMES, weights.matrix()[0], strict=True):
                self._app.counters.weight.labels(name).set(weight)

    async def _refresh_some(self) -> None:
        app = self._app
        people = dict(islice(app.news.items(), CHUNK))
        lessons = [app.lessons.popleft() for _ in range(min(TEACH, len(app.lessons)))]
        await app.replica.load([*people.values(), *(lesson.profile for lesson in lessons)])
        for lesson in lessons:
            self._learn(lesson)
        lists = {user_id: self._rank(profile) for user_id, profile in people.items()}
        await app.publishers["profiles"].flush()  # whoever reads a list finds the profile that it counts
        await app.read_model.put_lists(lists)
        for user_id, profile in people.items():
            self._archived.add(user_id, (lists[user_id], profile.last_at))
            if app.news.get(user_id) is profile:
                del app.news[user_id]
        self._count(lists)
        await asyncio.sleep(0)

    def _rank(self, profile: Profile) -> Stored:
        return self._app.replica.list_for(profile, self._app.options.slate_size)

    def _learn(self, lesson: Lesson) -> None:
        index = self._app.replica.index
        ranked = rank(lesson.profile, index, lesson.timestamp)
        self._learned = learn(self._learned, ranked, index, lesson.video_id)
        self._app.counters.lessons.inc()

    def _count(self, lists: Mapping[str, Stored]) -> None:
        self._app.counters.lists.inc(len(lists))
        for stored in lists.values():
            for sources in stored.meta.sources.values():
                for strategy, names in STRATEGIES.items():
                    if not sources.keys().isdisjoint(names):
                        self._app.counters.picks.labels(strategy).inc()

    async def _write_down(self, rows: Mapping[str, tuple[Stored, float]]) -> None:
        """Write top tags to the archive."""
        await self._app.archive.put_profiles(
            [(user_id, msgspec.json.decode(stored.top_tags), at) for user_id, (stored, at) in rows.items()]
        )
