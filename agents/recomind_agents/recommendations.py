"""The periodic agent: a new list for everybody with news, and lessons for the blend.

It runs at the refresh interval. Commits do not wait for it; `runtime.refresh_queue` tells how nobody is forgotten.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic, time
from typing import Final, NamedTuple

import msgspec

from recomind.model.applied_offsets import Origins, waits
from recomind.recommender import hit_rate
from recomind.recommender.blend.model import merge
from recomind.recommender.candidates.registry import STRATEGIES
from recomind.recommender.pipeline import NAMES, learn, rank
from recomind.runtime.app import RecoMindApp
from recomind.runtime.training_queue import Lesson
from recomind.runtime.worker_stats import by_feature
from recomind.runtime.write_behind import Publisher
from recomind.state.profile import Profile
from recomind.stores.read_model import PERSON
from recomind.stores.stored_lists import Stored

CHUNK: Final = 16
"""People whose figures are read, and whose lists are written, together."""

CHUNK_MAX: Final = 64
"""The same where many wait: the more, the less reading and writing costs for each."""

CHUNKS: Final = 8
"""So many chunks share those who wait, as far as `CHUNK` and `CHUNK_MAX` allow."""

IDLE: Final = 2
"""Most likes learned from at a turn in which nobody waits; else it is one to `CHUNK` lists: a lesson takes longer."""

SHARE: Final = 0.1
"""Share of a worker's time that lists get while it is behind: each action taken in spares a list that it outdates."""

TURNS: Final = 4
"""Turns of the event loop that others get between two halves of a list: a request takes some from end to end."""

LOOK: Final = 1_000
"""Profiles looked at between two turns of the event loop's other work."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    refresher = Refresher(app)
    app.every(app.options.refresh_interval, refresher.refresh, app.stirred)
    app.every(app.options.trending_interval, refresher.share_weights)
    app.every(app.options.trending_interval, refresher.mark)


class Line(NamedTuple):
    """What the archive keeps of a person who was ranked."""

    top_tags: bytes | None
    """As JSON; None for somebody who was forgotten and has done nothing since."""
    last_at: float
    """Event time of the latest action, epoch seconds."""
    forgotten_at: int
    """As in `Profile`."""


class Refresher:
    """Ranks people with news."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._ranking = asyncio.Lock()
        self._taking_over = asyncio.Lock()
        self._spent = 0.0
        """Seconds of the loop's time that the last chunk has taken for ranking."""
        self._owed = 0.0
        """Lessons that are due for the lists made."""
        self._archived = Publisher[Line](self._write_down)
        app.commit_hooks.append(self.mark)

    async def refresh(self) -> None:
        """Rank people until nobody has news; where nobody had, learn from the likes that are left."""
        self._app.stirred.clear()
        try:
            await self._rank_or_learn()
        finally:
            if self._app.news or self._app.lessons:
                self._app.stirred.set()

    async def _rank_or_learn(self) -> None:
        if not self._app.news:
            async with self._ranking:
                await self._learn(IDLE)
        while self._app.news and self._app.is_ready:
            async with self._ranking:  # let go of between two chunks: weights are shared meanwhile
                self._owed += await self._refresh_some() / CHUNK
                await self._learn(int(self._owed))
                self._owed %= 1
            if self._app.is_behind():
                await asyncio.sleep(self._spent * (1 / SHARE - 1))

    async def mark(self) -> None:
        """Write down which actions are in lists and in the archive, for whoever takes our partitions over.

        Also before each commit, and then of all partitions: an action that will not be delivered again must not stand
        below a mark while it waits, nor be without one.
        """
        await self.take_over()
        marks, news = self._app.news.marks(), self._app.news
        await self._archived.flush()
        await self._app.read_model.put_marks({one: mark for one, mark in marks.items() if news.has_begun(one)})

    async def take_over(self) -> None:
        """Find those whom the last owner of a new partition left waiting."""
        table, news = self._app.kept["profiles"], self._app.news
        async with self._taking_over:
            for partition in [one for one in table.partitions if not news.has_begun(one)]:
                await self._begin(partition)

    async def _begin(self, partition: int) -> None:
        """Take a partition on: those above its mark wait, and, where no mark is to be trusted, those behind."""
        table, news = self._app.kept["profiles"], self._app.news
        is_doubted, mark = news.is_doubted(partition), await self._app.read_model.mark(partition)
        reached: Origins = {}
        left: list[str] = []
        others: list[str] = []
        for number, (user_id, origins) in enumerate(table.origins(partition)):
            reached.update({lane: max(at + 1, reached.get(lane, 0)) for lane, at in origins.items()})
            (left if mark is not None and waits(origins, mark) else others).append(user_id)
            if number % LOOK == 0:
                await asyncio.sleep(0)
        if is_doubted or mark is None:
            left, mark = left + await self._behind(partition, others), {}
        if partition in table.partitions and is_doubted == news.is_doubted(partition):
            people: dict[str, Profile] = {user_id: table[partition, user_id] for user_id in left}
            news.begin(partition, people, mark, reached)

    async def _behind(self, partition: int, user_ids: Sequence[str]) -> list[str]:
        """Those whose lists count less than their profiles; who has no list is ranked when asked for."""
        behind: list[str] = []
        table = self._app.kept["profiles"]
        for start in range(0, len(user_ids), LOOK):
            counted = await self._app.read_model.counted(user_ids[start : start + LOOK])
            if partition not in table.partitions:
                break
            behind += [one for one, origins in counted.items() if origins != table[partition, one].origins]
            behind += [one for one in user_ids[start : start + LOOK] if table[partition, one].is_blank]
        return behind

    async def share_weights(self) -> None:
        """Publish what this worker has learned, as an absolute value, and go on from what all have learned."""
        app = self._app
        async with self._ranking:  # nothing is learned meanwhile
            if app.owned and app.replica.weights.version:
                await app.read_model.put_weights(min(app.owned), app.replica.weights)
            known = await app.read_model.weights(app.options.partitions)
            app.replica.weights = merge(partial for partial in known if partial.fits(len(NAMES)))
        for name, weight in by_feature(app.replica.weights).items():
            app.counters.weight.labels(name).set(weight)

    async def _refresh_some(self) -> int:
        """Make lists for those who have waited longest; how many people that was."""
        app, self._spent = self._app, 0.0
        people = app.news.take(min(CHUNK_MAX, max(CHUNK, len(app.news) // CHUNKS)))
        try:
            await app.replica.load(list(people.values()))
            lists = {user_id: await self._rank(one) for user_id, one in people.items() if not one.is_blank}
            await app.publishers["profiles"].flush()  # whoever reads a list finds the profile that it counts
            await app.read_model.put_lists(lists)
            await app.read_model.drop_lists([user_id for user_id, one in people.items() if one.is_blank])
        except BaseException:
            app.news.put_back()
            raise
        taken = app.news.done()
        for user_id, profile in people.items():
            tags = lists[user_id].top_tags if user_id in lists else None
            self._archived.add(user_id, Line(tags, profile.last_at, profile.forgotten_at))
        self._count(lists)
        now = time()
        for since in taken:
            app.counters.fresh(max(0.0, now - since))
        return len(people)

    async def _learn(self, most: int) -> None:
        """Learn from the oldest lessons, and keep them for another time if that fails."""
        lessons = self._app.lessons.take(most)
        if not lessons:
            return
        try:
            await self._app.replica.load([lesson.profile for lesson in lessons])
        except BaseException:
            self._app.lessons.put_back(lessons)
            raise
        for lesson in lessons:
            await self._learn_from(lesson)

    async def _rank(self, profile: Profile) -> Stored:
        """A person's list; requests are answered before it and half way through it."""
        await _give_way()
        started = monotonic()
        ranked = self._app.replica.rank(profile)
        self._spent += monotonic() - started
        await _give_way()
        started = monotonic()
        stored = self._app.replica.stored(ranked, self._app.options.slate_size)
        self._spent += monotonic() - started
        return stored

    async def _learn_from(self, lesson: Lesson) -> None:
        """A lesson; requests are answered before it and half way through it."""
        await _give_way()
        replica = self._app.replica
        ranked = rank(lesson.profile, replica.index, lesson.timestamp)
        await _give_way()
        self._score(hit_rate.hits(ranked, replica.index, replica.weights, lesson.video_id))
        replica.weights = learn(replica.weights, ranked, replica.index, lesson.video_id)
        self._app.counters.lessons.inc()

    def _score(self, found: Mapping[str, bool]) -> None:
        """Count who had put the video that is now liked among the first."""
        if not found:
            return
        self._app.quality = hit_rate.learn(self._app.quality, found)
        self._app.counters.scored.inc()
        for name, hit in found.items():
            self._app.counters.hits.labels(name).inc(hit)

    def _count(self, lists: Mapping[str, Stored]) -> None:
        """Count lists and their strategies: picks with the same sources together, of which there are few kinds."""
        self._app.counters.lists.inc(len(lists))
        kinds = Counter(tuple(sources) for stored in lists.values() for sources in stored.meta.sources.values())
        for strategy, names in STRATEGIES.items():
            picks = sum(count for sources, count in kinds.items() if not set(names).isdisjoint(sources))
            if picks:
                self._app.counters.picks.labels(strategy).inc(picks)

    async def _write_down(self, lines: Mapping[str, Line]) -> None:
        """Write top tags to the archive; remove those of people who were forgotten, and note that it is done."""
        decode = msgspec.json.decode
        listed = [(user, decode(one.top_tags), one.last_at) for user, one in lines.items() if one.top_tags is not None]
        if listed:
            await self._app.archive.put_profiles(listed)
        if len(listed) < len(lines):
            await self._app.archive.delete_profiles([user for user, one in lines.items() if one.top_tags is None])
        forgotten = {(PERSON, user): one.forgotten_at for user, one in lines.items() if one.forgotten_at >= 0}
        await self._app.read_model.put_forgetting(forgotten)


async def _give_way() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
