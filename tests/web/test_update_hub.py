"""Which streams the hub notifies of which writes, with an in-memory store."""

import asyncio

import pytest

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video
from recomind.stores import keys
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ListMeta, StoredList
from recomind_web import update_hub
from recomind_web.update_hub import Hub

LIST = StoredList(b"[]", b"[]", ListMeta(0.0, {}, 0))


@pytest.fixture
async def read_model():
    return ReadModel(InMemoryStore())


@pytest.fixture
async def hub(read_model):
    started = Hub(read_model, max_streams=2)
    await started.start(None)
    await asyncio.sleep(0)
    yield started
    await started.stop(None)


async def test_a_write_notifies_only_the_streams_of_that_list(hub, read_model):
    with hub.watch("ada") as ada, hub.watch("bob") as bob:
        await asyncio.sleep(0.01)
        ada.clear(), bob.clear()
        await read_model.put_lists({"ada": LIST, "eve": LIST})
        await asyncio.wait_for(ada.wait(), 5)
        assert not bob.is_set()


async def test_a_write_of_trending_notifies_the_stream_of_the_trending_feed(hub, read_model):
    with hub.watch("") as written:
        await read_model.put_popular_videos(b"[]")
        await asyncio.wait_for(written.wait(), 5)


async def test_more_streams_than_the_limit_are_refused_until_one_ends(hub):
    with hub.watch("a"):
        with hub.watch("b"), pytest.raises(UnavailableError, match="2 streams"), hub.watch("c"):
            pass
        with hub.watch("c"):
            assert hub.open_streams == 2
    assert hub.open_streams == 0


async def test_stopping_notifies_all_streams(hub):
    with hub.watch("a") as written:
        await hub.stop(None)
        assert written.is_set()
        assert hub.is_closing


async def test_a_hub_that_cannot_subscribe_notifies_all_streams():
    class Unavailable(InMemoryStore):
        async def subscribe(self, channel):
            raise UnavailableError("Redis", RuntimeError("unavailable"))
            yield

    hub = Hub(ReadModel(Unavailable()), max_streams=2)
    with hub.watch("a") as written:
        await hub.start(None)
        await asyncio.wait_for(written.wait(), 5)
        assert hub.is_disconnected
        await hub.stop(None)


async def test_a_hub_subscribes_only_while_a_stream_is_open(hub, read_model):
    subscribers = read_model.store._subscribers[keys.LIST_UPDATES]
    assert not subscribers
    for _ in range(2):
        with hub.watch("ada") as written:
            await asyncio.wait_for(written.wait(), 5)
            assert len(subscribers) == 1
        await read_model.put_lists({"ada": LIST})
        await asyncio.sleep(0.01)
        assert not subscribers


async def test_a_takedown_notifies_all_streams_once(hub, monkeypatch):
    notified = []
    with hub.watch("ada") as ada, hub.watch("") as trending:
        await asyncio.sleep(0.01)
        ada.clear(), trending.clear()
        monkeypatch.setattr(hub, "_notify", lambda names, notify=hub._notify: notified.append(names) or notify(names))
        video = Video(video_id="v")
        hub.note_catalogue_change("new", None, video)
        await asyncio.sleep(0)
        assert not ada.is_set()
        for _ in range(3):
            hub.note_catalogue_change("v", video, None)
        await asyncio.sleep(0)
        assert ada.is_set()
        assert trending.is_set()
        assert notified == [["ada", ""]]


async def test_returns_of_videos_notify_all_streams_once_a_moment_later(hub, monkeypatch):
    monkeypatch.setattr(update_hub, "RETURN_DELAY_S", 0.05)
    with hub.watch("ada") as written:
        await asyncio.sleep(0.01)
        written.clear()
        for _ in range(3):
            hub.note_return()
        await asyncio.sleep(0.01)
        assert not written.is_set()
        await asyncio.wait_for(written.wait(), 5)
        written.clear()
        await asyncio.sleep(0.1)
        assert not written.is_set()
