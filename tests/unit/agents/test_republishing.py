"""Values that Redis has lost are published again by the owner of their partition."""

from types import SimpleNamespace

import pytest

from recomind.runtime.server_checks import ServerChecks
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.seen_blocks import SeenBlock, block_key
from recomind.stores import keys
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.table import Table
from recomind_agents.republishing import KEYS, MAX_KEYS_PER_CHECK, MissingValues

VALUES = {
    "popularity": Popularity(),
    "neighbours": Neighbours(),
    "seen_blocks": SeenBlock({}, b""),
    "profiles": Profile(like_count=1),
}


class Store(InMemoryStore):
    evicted = 0

    async def evicted_keys(self):
        return self.evicted


@pytest.fixture
def app():
    tables = {name: Table(name, type(value), topic=name, kafka={}) for name, value in VALUES.items()}
    for name, table in tables.items():
        table._values = {0: {"a": VALUES[name], "b": VALUES[name]} if name != "seen_blocks" else {}}
    published = {name: {} for name in VALUES}
    writers = {name: SimpleNamespace(add=values.__setitem__) for name, values in published.items()}
    return SimpleNamespace(
        state_tables=tables,
        table_writers=writers,
        published=published,
        read_model=ReadModel(Store()),
        checks=ServerChecks(4),
        consumer_generation_id=1,
    )


async def test_missing_values_of_videos_are_published(app):
    await app.read_model.store.set_many({keys.video_popularity("a"): b"1", keys.video_neighbours("b"): b"1"})
    await MissingValues(app).publish_next()
    assert app.published == {
        "popularity": {"b": Popularity()},
        "neighbours": {"a": Neighbours()},
        "seen_blocks": {},
        "profiles": {},
    }


async def test_profiles_which_expire_are_looked_for_after_an_eviction(app):
    evictions = []
    app.checks.on_eviction.append(lambda: evictions.append(1))
    app.read_model.store.evicted = 3
    missing = MissingValues(app)
    await missing.publish_next()
    assert app.published["profiles"].keys() == {"a", "b"}
    app.published["profiles"].clear()
    for _ in range(3):
        await missing.publish_next()
    assert (app.published["profiles"], evictions) == ({}, [1])
    app.consumer_generation_id = 2
    for _ in range(3):
        await missing.publish_next()
    assert app.published["profiles"].keys() == {"a", "b"}


async def test_missing_blocks_of_seen_videos_are_published(app):
    blocks = {block_key("u", number): SeenBlock({}, b"") for number in (0, 1)}
    app.state_tables["seen_blocks"]._values = {0: blocks}
    await app.read_model.store.set_many({keys.seen_block("u", 1): b"1"})
    await MissingValues(app).publish_next()
    assert app.published["seen_blocks"].keys() == {block_key("u", 0)}


async def test_an_erased_user_is_not_published(app):
    app.state_tables["profiles"]._values[0]["a"] = Profile(erasure_offset=7)
    app.read_model.store.evicted = 1
    await MissingValues(app).publish_next()
    assert app.published["profiles"].keys() == {"b"}


async def test_a_bounded_number_of_keys_is_looked_for_at_a_time(app):
    app.state_tables["popularity"]._values = {0: {f"v{n}": Popularity() for n in range(2 * MAX_KEYS_PER_CHECK)}}
    missing = MissingValues(app)
    for expected in (MAX_KEYS_PER_CHECK, 2 * MAX_KEYS_PER_CHECK):
        await missing.publish_next()
        assert len(app.published["popularity"]) == expected


def test_every_table_with_keys_of_its_own_is_looked_through():
    assert KEYS.keys() == VALUES.keys()
