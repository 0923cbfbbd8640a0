"""The two implementations of `KeyValueStore`."""

import pytest

from recomind.stores.memory_store import InMemoryStore
from recomind.stores.redis_store import RedisStore


@pytest.fixture(params=["memory", "redis"])
async def store(request):
    if request.param == "memory":
        yield InMemoryStore()
        return
    found = RedisStore(request.getfixturevalue("stack").settings.redis_url)
    yield found
    await found.close()
