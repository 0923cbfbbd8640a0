"""The agent `popularity`: what is published before a partition counts as published."""

from recomind.model.catalogue import Video
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents.popularity import PopularityProcessor
from recomind_tables import popularity as table
from tests.unit.stores.samples import popularity_of


async def test_a_lost_partition_counts_as_published_only_with_its_top_lists(monkeypatch):
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    popularity = table.declare(app)
    popularity._values = {1: {"v": popularity_of("v", "u")}}
    app.ranking_cache.index.put_video(Video(video_id="v", title="V", tags=("cat",)))
    processor = PopularityProcessor(app, popularity)
    model, finish, published = app.read_model, app.read_model.finish_publishing, []

    async def finish_publishing(partition, run_id):
        published.append((await model.popularity(["v"])).keys() | (await model.windowed_top_of(1, ["", "cat"])).keys())
        return await finish(partition, run_id)

    monkeypatch.setattr(model, "finish_publishing", finish_publishing)
    await processor.republish_lost()
    await processor.republish_lost()
    assert published == [{"v", "", "cat"}]
