"""Shared by the tests of HTTP: a session with the worker, and its Redis."""

import aiohttp
import pytest

from recomind.stores.redis_store import RedisStore


@pytest.fixture
async def http(worker):
    async with aiohttp.ClientSession(worker.base_url) as session:
        yield session


@pytest.fixture
async def redis(worker):
    store = RedisStore(worker.settings.redis_url)
    yield store
    await store.close()
