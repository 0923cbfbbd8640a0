"""The agent `popularity`: what is published before a partition counts as published."""

from recomind.model.catalogue import Video
from recomind.settings import Settings
from recomind.state.popularity import Popularity
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.partitioner import partition_of
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


async def test_values_of_a_partition_that_has_moved_meanwhile_are_not_archived_over_those_of_its_new_owner(monkeypatch):
    archived = []

    async def put_popularity(rows):
        archived.extend(rows)

    app = create_app(Settings(partitions=4), ReadModel(InMemoryStore()), Archive(""))
    monkeypatch.setattr(app.archive, "put_popularity", put_popularity)
    popularity = table.declare(app)
    processor = PopularityProcessor(app, popularity)
    owned, moved = (next(name for name in map(str, range(99)) if partition_of(name, 4) == one) for one in (1, 2))
    popularity._values = {1: {}, 2: {}}
    processor._put(1, owned, Popularity())
    processor._put(2, moved, Popularity())
    popularity._values = {1: {}}
    await processor._archive.flush()
    assert [video_id for video_id, *_ in archived] == [owned]
