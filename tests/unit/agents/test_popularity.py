"""The agent `popularity`: what it publishes, and when again."""

import pytest

from recomind.errors import UnavailableError
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents.popularity import PopularityProcessor
from recomind_tables import popularity as table


async def test_a_dirty_partition_is_published_again_after_a_failure_and_once_after_success(monkeypatch):
    published, failures = [], [False, True]

    async def put_partition_top(partition, videos):
        if failures.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        published.append((partition, videos))

    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    monkeypatch.setattr(app.read_model, "put_partition_top", put_partition_top)
    popularity = table.declare(app)
    popularity._values = {1: {}}
    processor = PopularityProcessor(app, popularity)
    processor._dirty_partitions = {1}
    with pytest.raises(UnavailableError):
        await processor.publish_partition_top()
    await processor.publish_partition_top()
    await processor.publish_partition_top()
    assert published == [(1, ())]
