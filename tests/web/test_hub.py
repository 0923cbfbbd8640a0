"""Who is woken by which list, in memory."""

import asyncio

import pytest

from recomind.errors import UnavailableError
from recomind.stores import keys
from recomind.stores.memory_store import MemoryValues
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ListMeta, Stored
from recomind_web.hub import Hub

LIST = Stored(b"[]", b"[]", ListMeta(0.0, {}, 0))


@pytest.fixture
async def read_model():
    return ReadModel(MemoryValues())


@pytest.fixture
async def hub(read_model):
    made = Hub(read_model, limit=2)
    await made.start(None)
    await asyncio.sleep(0)
    yield made
    await made.stop(None)


async def test_a_written_list_wakes_those_who_watch_it_and_nobody_else(hub, read_model):
    with hub.watch("ada") as ada, hub.watch("bob") as bob:
        await asyncio.sleep(0.01)
        ada.clear(), bob.clear()
        await read_model.put_lists({"ada": LIST, "eve": LIST})
        await asyncio.wait_for(ada.wait(), 5)
        assert not bob.is_set()


async def test_trending_wakes_those_who_are_not_logged_in(hub, read_model):
    with hub.watch("") as news:
        await read_model.put_popular(b"[]")
        await asyncio.wait_for(news.wait(), 5)


async def test_more_streams_than_the_limit_are_refused_until_one_ends(hub):
    with hub.watch("a"):
        with hub.watch("b"), pytest.raises(UnavailableError, match="2 streams"), hub.watch("c"):
            pass
        with hub.watch("c"):
            assert hub.size == 2
    assert hub.size == 0


async def test_stopping_wakes_everybody(hub):
    with hub.watch("a") as news:
        await hub.stop(None)
        assert news.is_set()
        assert hub.closing


async def test_a_hub_that_cannot_listen_says_so_and_wakes_everybody():
    class Away(MemoryValues):
        async def listen(self, channel):
            raise UnavailableError("Redis", RuntimeError("away"))
            yield

    hub = Hub(ReadModel(Away()), limit=2)
    with hub.watch("a") as news:
        await hub.start(None)
        await asyncio.wait_for(news.wait(), 5)
        assert hub.away
        await hub.stop(None)


async def test_a_hub_listens_only_while_somebody_watches(hub, read_model):
    listeners = read_model.values._listeners[keys.LISTS_WRITTEN]
    assert not listeners
    for _ in range(2):
        with hub.watch("ada") as news:
            await asyncio.wait_for(news.wait(), 5)
            assert len(listeners) == 1
        await read_model.put_lists({"ada": LIST})
        await asyncio.sleep(0.01)
        assert not listeners
