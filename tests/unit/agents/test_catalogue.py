"""Stored lists are searched for videos that were taken down: at once, and when all workers have applied that."""

import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video, join_summaries
from recomind.model.catalogue_changes import change_of
from recomind.settings import Settings
from recomind.stores import catalogue_progress, keys
from recomind.stores.archive import Archive
from recomind.stores.catalogue_progress import FollowerReport
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents import catalogue
from recomind_agents.catalogue import TakedownProcessor

VIDEO = Video(video_id="a", title="A", version=1)
HIDDEN = replace(VIDEO, hidden=True, version=2)
LIST = join_summaries([VIDEO.summary_json()])


class Leader:
    """The agent of a leader, over a store in memory."""

    def __init__(self):
        self.store = InMemoryStore()
        self.app = create_app(Settings(partitions=2), ReadModel(self.store), Archive(""))
        self.app.assignment.partitions = frozenset({0})
        self.app.catalogue_stream.positions = {0: 0, 1: 0}
        self.follower = self.app.ranking_cache.loader.catalogue
        self.follower._position = "0"
        self.processor = TakedownProcessor(self.app)
        self.follower.listeners.append(self.processor.note)
        self.follower.returned.listeners.append(self.processor.note_return)
        self.follower.apply(change_of(VIDEO))

    async def store_list(self, user="u"):
        await self.store.set_many({keys.recommendations(user): LIST})

    async def has_list(self, user="u"):
        return await self.store.get_many([keys.recommendations(user)]) != [None]

    async def hide(self):
        self.app.catalogue_stream.positions = {0: 0, 1: 5}
        self.follower.apply(change_of(HIDDEN))
        await self.processor.remove()
        await self.processor.report()

    async def other_reports(self, position):
        report = FollowerReport("other", -1, (1,), {0: 0, 1: position})
        await catalogue_progress.publish(self.store, report)


@pytest.fixture
def leader():
    return Leader()


async def test_lists_are_searched_again_when_all_workers_have_applied_a_change(leader):
    await leader.processor.search_again()
    await leader.store_list()
    await leader.hide()
    assert not await leader.has_list()
    await leader.other_reports(4)
    await leader.store_list()
    await leader.processor.search_again()
    assert await leader.has_list()
    reports = await catalogue_progress.read(leader.store)
    assert catalogue_progress.pending_steps(reports, 1, 4, 2) == ["other", "lists"]
    await leader.other_reports(5)
    await leader.processor.search_again()
    assert not await leader.has_list()
    assert catalogue_progress.pending_steps(await catalogue_progress.read(leader.store), 1, 4, 2) == []


async def test_a_new_leader_finds_lists_of_before(leader):
    leader.app.assignment.partitions = frozenset({1})
    await leader.processor.search_again()
    await leader.hide()
    await leader.store_list()
    await leader.processor.search_again()
    assert await leader.has_list()
    leader.app.assignment.partitions = frozenset({0})
    await leader.processor.search_again()
    assert not await leader.has_list()


async def test_lists_are_searched_for_a_video_that_only_another_worker_has_listed(leader):
    await leader.processor.search_again()
    await leader.store.set_many({keys.recommendations("u"): LIST.replace(b'"a"', b'"b"')})
    leader.follower.apply(change_of(replace(HIDDEN, video_id="b", version=9)))  # the change before it was missed
    await leader.processor.remove()
    assert not await leader.has_list()


async def test_lists_are_searched_a_last_time_a_while_later(leader, monkeypatch):
    monkeypatch.setattr(catalogue, "LAST_SEARCH_DELAY_S", 0.0)
    await leader.processor.search_again()
    leader.follower.apply(change_of(HIDDEN))  # by PostgreSQL: no position tells that others have applied it
    await leader.processor.remove()
    await leader.store_list()
    await leader.processor.search_again()
    assert not await leader.has_list()
    await leader.store_list()
    await leader.processor.search_again()
    assert await leader.has_list()


async def test_trending_is_published_when_a_video_returns(leader):
    await leader.hide()
    put = replace(VIDEO, version=3)
    leader.follower.apply(change_of(put))
    assert leader.processor.has_removed.is_set()
    assert leader.app.ranking_cache.index.returned == (3,)
    await leader.processor.report()
    assert await leader.store.stream_end(keys.RETURNED_VIDEOS) != "0"
