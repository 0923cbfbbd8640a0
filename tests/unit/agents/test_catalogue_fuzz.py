"""Random sequences of changes of the catalogue, actions and lists, over two workers: no list shows what is taken down.

The workers are real but for their servers: Redis is in memory, and PostgreSQL and the topic are the model that the
lists are compared with. Changes arrive late, twice, and in another order. `RECOMIND_TEST_SEQUENCES` sets how many
sequences are run.
"""

import os
from math import ceil

import msgspec
import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import CatalogueChange
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.candidates import liked_together
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.policy.policy import ListRequest
from recomind.settings import Settings
from recomind.state.profile import Profile, has_seen
from recomind.state.profile_entries import Like
from recomind.stores import list_search
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ids_in
from recomind.worker import create_app
from recomind_agents.catalogue import TakedownProcessor
from recomind_agents.trending import WindowedTopPublisher
from recomind_tables import popularity as table
from recomind_web.recommendations import load_or_rank_list
from recomind_web.trending import popular_videos, trending_in_window
from recomind_web.user_profiles import has_acted

SEQUENCES = int(os.environ.get("RECOMIND_TEST_SEQUENCES", "300"))
SEQUENCES_PER_WORLD = 20
STEPS = 8
VIDEOS = [f"v{number}" for number in range(14)]
USERS = ["u0", "u1", "u2"]
TAGS = ["cat", "dog", "cow"]
NOW = 1.7e9


class FuzzedWorker:
    """An app without servers; its index is that of an engine, which applies the actions."""

    def __init__(self, model):
        settings = Settings(partitions=1, slate_size=8)
        self.app = create_app(settings, model, Archive(""))
        self.engine = Engine(learning=False)
        self.engine.index = self.app.ranking_cache.index
        self.catalogue = self.app.ranking_cache.loader.catalogue
        self.catalogue._position = "0"  # it has been read, and was empty
        self.catalogue.expire(NOW)
        self.popularity = table.declare(self.app)
        self.popularity._values = {0: {}}
        self.publisher = WindowedTopPublisher(self.app, self.popularity)
        self.processor = TakedownProcessor(self.app)
        self.catalogue.listeners += [self.processor.note, self.publisher.note_catalogue_change]
        self.read_until = 0

    async def act(self, user, video, kind, offset):
        self.engine.observe(Action(user, video, kind, NOW + offset), SourceOffset(0, offset))
        self.engine.refresh()
        self.app.ranking_cache.advance_time(NOW + offset)
        for video_id, value in self.engine.popularity.items():
            if self.popularity.get(0, video_id) is not value:
                self.publisher.note_change(0, video_id, self.popularity.get(0, video_id), value)
                self.popularity.put(0, video_id, value)


class World:
    """Workers, and the catalogue as it should be."""

    def __init__(self, draw):
        self.draw = draw
        self.model = ReadModel(InMemoryStore())
        self.workers = [FuzzedWorker(self.model) for _ in range(2)]
        self.workers[0].app.assignment.partitions = frozenset({0})
        self.entries, self.versions, self.topic = {}, {}, []
        self.offset = self.version = 0
        self.now = NOW

    def visible(self):
        return {video_id for video_id, video in self.entries.items() if video.is_visible(self.now)}

    def one_of(self, some):
        return some[int(self.draw.integers(len(some)))]

    # steps

    async def put(self):
        self._put(self.one_of(VIDEOS), tags=self._tags(), hidden=bool(self.draw.random() < 0.1))

    async def tag(self):
        self._change(tags=self._tags(), creator_id=self.one_of([None, "a", "b"]))

    async def hide(self):
        self._change(hidden=bool(self.draw.random() < 0.7))

    async def expire(self):
        self._change(expires_at=self.one_of([None, self.now - 1, self.now + 2.0, self.now + 1e6]))

    async def pass_time(self):
        self.now += float(self.draw.integers(1, 4))
        for worker in self.workers:
            worker.catalogue.expire(self.now)

    async def delete(self):
        video_id = self.one_of(VIDEOS)
        self.entries.pop(video_id, None)
        self._append(video_id, None)

    async def act(self):
        user, video, kind = self.one_of(USERS), self.one_of(VIDEOS), self.one_of(["like", "like", "view", "skip"])
        self.offset += 1
        for worker in self.workers:
            await worker.act(user, video, kind, self.offset)
        await self.model.put_profiles({user: self.workers[0].engine.profiles[user]})

    async def deliver(self):
        self._deliver(self.one_of(self.workers), int(self.draw.integers(1, 4)))

    async def poll(self):
        """A worker reads the present state of some videos from PostgreSQL, ahead of the topic."""
        worker = self.one_of(self.workers)
        for video_id in VIDEOS[:: int(self.draw.integers(1, 4))]:
            if video_id in self.versions:
                worker.catalogue.apply(self._change_of(video_id))

    async def store_list(self):
        """A worker ranks and stores a list, perhaps by an old catalogue."""
        worker, user = self.one_of(self.workers), self.one_of(USERS)
        profile = worker.engine.profile(user)
        await self.model.put_lists({user: worker.app.ranking_cache.list_for(profile, 8)})

    async def publish(self):
        worker = self.workers[0]
        await self.model.put_popular_videos(worker.app.ranking_cache.trending_json(8))
        await worker.publisher.publish()

    async def look(self):
        """A worker that has applied every change answers."""
        worker = self.one_of(self.workers)
        self._deliver(worker, len(self.topic))
        await self.check_answers(worker)

    async def settle(self):
        """All workers have applied every change, and stored lists have been searched."""
        for worker in self.workers:
            self._deliver(worker, len(self.topic))
        await self.workers[0].processor.remove()
        await self.workers[0].publisher.publish()
        async for lists in list_search.stored_lists(self.model.store):
            for videos in lists.values():
                assert set(ids_in(videos)) <= self.visible()
        assert set(ids_in(await self.model.popular_videos() or b"[]")) <= self.visible()
        for tag in ("", *TAGS):
            for window in ("1h", "24h", "7d"):
                shown = {video_id for video_id, _ in await self.model.windowed_top(1, tag, window)}
                assert shown <= self._visible_with(tag)

    async def check_answers(self, worker):
        app, user, visible = worker.app, self.one_of(USERS), self.visible()
        served, source = await load_or_rank_list(app, ListRequest(user), 8)
        shown = ids_in(served.videos)
        assert set(shown) <= visible
        assert shown == served.shown_meta.video_ids
        self._check_tags(served.videos)
        profile = worker.engine.profile(user)
        if source == "cold" and has_acted(profile):
            assert len(shown) == min(8, sum(not has_seen(profile, one) for one in visible))
        popular, _ = await popular_videos(app, 8)
        assert set(ids_in(popular)) <= visible
        tag = self.one_of(["", *TAGS])
        found = {one.video_id for one in await trending_in_window(app, "24h", tag, 8)}
        assert found <= self._visible_with(tag)
        seed = Profile(likes=(Like(self.one_of(VIDEOS), 0.0),))
        index = app.ranking_cache.index
        rows = liked_together.propose(user_context_of(seed, index, self.now), index).rows
        assert set(ids_in(app.ranking_cache.summaries_json(index.ids[row] for row in rows))) <= visible

    def _check_tags(self, videos):
        for summary in msgspec.json.decode(videos):
            assert tuple(summary["tags"]) == self.entries[summary["video_id"]].tags

    def _visible_with(self, tag):
        return {one for one in self.visible() if not tag or tag in self.entries[one].tags}

    def _tags(self):
        return tuple(self.draw.permutation(TAGS)[: self.draw.integers(4)].tolist())

    def _put(self, video_id, **fields):
        before = self.entries.get(video_id, Video(video_id=video_id, title="T", created_at=NOW - 1e6))
        self.entries[video_id] = msgspec.structs.replace(before, **fields)
        self._append(video_id, self.entries[video_id])

    def _change(self, **fields):
        if self.entries:
            self._put(self.one_of(sorted(self.entries)), **fields)

    def _append(self, video_id, video):
        self.version += 1
        self.versions[video_id] = self.version
        if video is not None:
            self.entries[video_id] = msgspec.structs.replace(video, version=self.version)
        if self.draw.random() < 0.9:
            self.topic.append(self._change_of(video_id))
        else:  # two handlers send their changes in another order than PostgreSQL made them
            self.topic.insert(max(0, len(self.topic) - 1), self._change_of(video_id))
            for worker in self.workers:
                worker.read_until = min(worker.read_until, max(0, len(self.topic) - 2))

    def _change_of(self, video_id):
        return CatalogueChange(video_id, self.versions[video_id], self.entries.get(video_id))

    def _deliver(self, worker, count):
        for change in self.topic[worker.read_until : worker.read_until + count]:
            worker.catalogue.apply(change)
        worker.read_until = min(len(self.topic), worker.read_until + count)

    async def run(self):
        steps = [self.put, self.tag, self.hide, self.expire, self.delete, self.pass_time, self.act, self.act]
        steps += [self.deliver, self.poll, self.store_list, self.publish, self.look]
        for _ in range(STEPS):
            await self.one_of(steps)()
        await self.settle()
        await self.check_answers(self.one_of(self.workers))


@pytest.mark.timeout(86_400)
async def test_no_list_shows_what_is_taken_down():
    seed = int(os.environ.get("RECOMIND_TEST_SEED", "0"))
    for number in range(ceil(SEQUENCES / SEQUENCES_PER_WORLD)):
        world = World(np.random.default_rng((seed, number)))
        for _ in range(SEQUENCES_PER_WORLD):
            await world.run()
