"""The top lists by window and tag that a worker publishes."""

import numpy as np
import pytest

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video
from recomind.model.signals import ActionSignal, UndoSignal
from recomind.recommender.index import windowed_top
from recomind.recommender.index.windowed_top import WindowedTopLists
from recomind.settings import Settings
from recomind.state import popularity
from recomind.state.popularity import Popularity
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.partitioner import partition_of
from recomind.worker import create_app
from recomind_agents.trending import WindowedTopPublisher
from recomind_tables import popularity as table

PARTITION = 1
TAGS = ("cat", "dog", "cow", "hen")


class Publishing:
    """A publisher of one partition over a read model in memory."""

    def __init__(self):
        self.app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
        self.table = table.declare(self.app)
        self.table._values = {PARTITION: {}}
        self.index = self.app.ranking_cache.index
        self.publisher = WindowedTopPublisher(self.app, self.table)
        ids = (f"v{number}" for number in range(1000))
        self.likes = {}
        """Video to the times of its likes that were not undone."""
        self.ids = [one for one in ids if partition_of(one, self.app.options.partitions) == PARTITION]

    def like(self, video_id, at):
        known = self.table.get(PARTITION, video_id) or Popularity()
        offset = known.applied_offsets.get(0, -1) + 1
        signal = ActionSignal(video_id, 0, offset, at, f"u{offset}", "like")
        self.likes.setdefault(video_id, []).append(at)
        self.put(video_id, popularity.fold(known, [signal]))

    def undo(self, video_id, number):
        """Undo one of the video's likes, if it has any that is not undone."""
        known = self.table.get(PARTITION, video_id)
        liked = self.likes.get(video_id, [])
        if known is not None and known.first_likes and liked:
            at, offset = liked.pop(number % len(liked)), known.applied_offsets[0] + 1
            undo = UndoSignal(video_id, 0, offset, at, "u", "like", at)
            self.put(video_id, popularity.fold(known, [undo]))

    def put(self, video_id, value):
        self.publisher.note_change(PARTITION, video_id, self.table.get(PARTITION, video_id), value)
        self.table.put(PARTITION, video_id, value)

    def tag(self, video_id, *tags, hidden=False):
        video = Video(video_id=video_id, title="T", tags=tags, hidden=hidden)
        self.change(video_id, lambda: self.index.put_video(video))

    def delete(self, video_id):
        self.change(video_id, lambda: self.index.remove_video(video_id))

    def change(self, video_id, change):
        before = self.index.listed_video(video_id)
        change()
        self.publisher.note_catalogue_change(video_id, before, self.index.listed_video(video_id))

    def expected(self):
        lists = WindowedTopLists()
        for video_id, value in self.table.items(PARTITION):
            if video := self.index.listed_video(video_id):
                lists.put(video_id, value, video.tags)
        return lists.take_changed()

    async def published(self):
        await self.publisher.publish()
        return await self.app.read_model.windowed_top_of(PARTITION, ["", *TAGS])


@pytest.fixture
def publishing():
    return Publishing()


@pytest.mark.parametrize("seed", range(20))
async def test_the_published_lists_are_those_of_the_whole_partition(publishing, monkeypatch, seed):
    monkeypatch.setattr(windowed_top, "LIST_LENGTH", 3)
    draw = np.random.default_rng(seed)
    for step in range(150):
        video_id = publishing.ids[draw.integers(20)]
        kind = draw.integers(13)
        if kind == 0:
            tags = draw.permutation(TAGS)[: draw.integers(4)].tolist()
            publishing.tag(video_id, *tags, hidden=draw.random() < 0.3)
        elif kind == 12:
            publishing.delete(video_id)
        elif kind == 1:
            publishing.put(video_id, Popularity())  # its only users were erased
            publishing.likes.pop(video_id, None)
            publishing.publisher.rebuild_for_lower_scores(PARTITION)
        elif kind in (3, 4):
            publishing.undo(video_id, step)
        elif kind == 2:
            assert await publishing.published() == publishing.expected()
        else:
            publishing.like(video_id, 3600.0 * step)
    assert await publishing.published() == publishing.expected()


async def test_a_liked_video_is_listed_once_it_is_in_the_catalogue(publishing):
    video_id = publishing.ids[0]
    publishing.like(video_id, 1.0)
    assert await publishing.published() == {}
    publishing.tag(video_id, "cat")
    assert (await publishing.published()).keys() == {"", "cat"}


async def test_lists_of_an_earlier_owner_are_replaced(publishing):
    publishing.tag(publishing.ids[0], "cat")
    await publishing.app.read_model.put_windowed_top(PARTITION, {"cat": {"24h": [("erased", 1.0)]}})
    assert await publishing.published() == {}


async def test_lists_are_built_again_in_another_assignment(publishing):
    video_id = publishing.ids[0]
    publishing.tag(video_id, "cat")
    publishing.like(video_id, 1.0)
    await publishing.published()
    publishing.table._recovery[PARTITION] = object()
    publishing.table._values[PARTITION] = {}
    publishing.like(video_id, 2.0)
    assert await publishing.published() == publishing.expected()


async def test_lists_are_published_again_after_a_failure_and_once_after_success(publishing, monkeypatch):
    model, published, failures = publishing.app.read_model, [], [False, True]

    async def put_windowed_top(partition, lists):
        if lists and failures.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        published.append(sorted(lists))

    monkeypatch.setattr(model, "put_windowed_top", put_windowed_top)
    publishing.tag(publishing.ids[0], "cat")
    publishing.like(publishing.ids[0], 1.0)
    with pytest.raises(UnavailableError):
        await publishing.publisher.publish()
    await publishing.publisher.publish()
    await publishing.publisher.publish()
    assert published == [["", "cat"], []]


async def test_a_commit_publishes_only_lower_scores_and_tries_again_after_a_failure(publishing, monkeypatch):
    published, failures = [], [False, True, False]

    async def publish(partition):
        if failures.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        published.append(partition)

    monkeypatch.setattr(publishing.publisher, "_publish", publish)
    await publishing.publisher.publish_lower_scores()
    assert published == []
    publishing.publisher.rebuild_for_lower_scores(PARTITION)
    await publishing.publisher.publish_lower_scores()
    publishing.publisher.rebuild_for_lower_scores(PARTITION)
    with pytest.raises(UnavailableError):
        await publishing.publisher.publish_lower_scores()
    await publishing.publisher.publish_lower_scores()
    await publishing.publisher.publish_lower_scores()
    assert published == [PARTITION, PARTITION]
