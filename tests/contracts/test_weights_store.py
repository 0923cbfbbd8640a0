"""Versions of the learned weights."""

import pytest

from recomind.errors import InputError
from recomind.recommender.blend.model import Weights, merge
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stores.weights_store import MAX_SNAPSHOTS


@pytest.fixture
def model():
    return ReadModel(InMemoryStore())


async def test_workers_go_on_from_published_weights_and_their_own_count_as_stale(model):
    await model.put_weights(0, Weights(version=900, steps=20, parameters=b"old"))
    await model.publish_weights(Weights(version=50, parameters=b"new"), "name")
    merged = merge(await model.weights(4))
    assert (merged.parameters, merged.steps) == (b"new", 0)
    assert merged.version > 900


async def test_the_latest_versions_have_names(model):
    for number in range(MAX_SNAPSHOTS + 2):
        await model.put_weights_snapshot(f"n{number}", Weights(version=number))
    names = [name for name, _ in await model.weights_snapshots()]
    assert names == [f"n{number}" for number in range(MAX_SNAPSHOTS + 1, 1, -1)]
    assert (await model.weights_snapshot("n5")).version == 5


async def test_pinned_weights_stay_until_they_are_unpinned(model):
    await model.put_weights_snapshot("good", Weights(version=5))
    await model.pin_weights("good")
    assert (await model.pinned_weights()).version == 5
    await model.pin_weights(None)
    assert await model.pinned_weights() is None


async def test_an_unknown_version_is_an_input_error(model):
    with pytest.raises(InputError, match="recomind weights list"):
        await model.pin_weights("missing")


async def test_the_newest_version_counts_workers_and_what_was_published(model):
    assert await model.newest_version() == 0
    await model.put_weights(1, Weights(version=30))
    assert await model.newest_version() == 30
    await model.publish_weights(Weights(version=7), "name")
    assert await model.newest_version() > 30
