"""One contract, two homes: memory and Redis."""

import asyncio

import pytest

from recomind.dev.stack.server import free_port
from recomind.errors import OutdatedError, UnavailableError
from recomind.model.signals import Touched
from recomind.recommender.blend.model import Weights
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Liked, Profile
from recomind.stores import keys
from recomind.stores.archive import Archive, moment
from recomind.stores.fencing import Fence
from recomind.stores.memory_store import MemoryValues
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stores.stored_lists import ListMeta, Stored


@pytest.fixture(params=["memory", "redis"])
async def values(request):
    if request.param == "memory":
        yield MemoryValues()
        return
    found = RedisValues(request.getfixturevalue("stack").settings.redis_url)
    yield found
    await found.close()


async def test_what_is_set_is_got_in_the_order_asked(values):
    await values.set_many({"contract:a": b"1", "contract:b": b"2"})
    assert await values.get_many(["contract:b", "contract:none", "contract:a"]) == [b"2", None, b"1"]


async def test_nothing_asked_is_nothing_got(values):
    assert await values.get_many([]) == []
    await values.set_many({})
    await values.delete([])


async def test_a_list_counts_an_action_by_its_origins_or_by_the_partitions_mark(values):
    model = ReadModel(values)
    await values.delete([keys.lists_mark(5), keys.recommendations_meta("ryw")])
    assert not await model.counts("ryw", 5, 7)
    await model.put_lists({"ryw": Stored(b"[]", b"[]", ListMeta(0.0, {5: 7}, 0))})
    assert [await model.counts("ryw", 5, offset) for offset in (7, 8)] == [True, False]
    await model.put_marks({5: {5: 10}})
    assert [await model.counts("ryw", 5, offset) for offset in (9, 10)] == [True, False]


async def test_deleted_is_gone(values):
    await values.set_many({"contract:gone": b"1"}, ttl=60)
    await values.delete(["contract:gone"])
    assert await values.get_many(["contract:gone"]) == [None]


async def test_the_read_model_gives_back_what_it_took(values):
    model = ReadModel(values)
    touch = Touched("v", 0, 1, 5.0, "u", "like", False, ("w",))
    popular, company = popularity.fold(Popularity(), [touch]), neighbours.fold(Neighbours(), [touch])
    person = Profile(likes=(Liked("v", 5.0),))
    stored = Stored(b"[]", b'["funny"]', ListMeta(5.0, {0: 1}, 3, {"v": {"tags": 1.0}}))
    await model.put_popularity({"v": popular})
    await model.put_neighbours({"v": company})
    await model.put_profiles({"u": person})
    await model.put_lists({"u": stored})
    await model.put_trending(0, (("v", 2.0),))
    await model.put_weights(0, Weights(3))
    await model.put_model("m1", {"v": (("w", 0.5),)})
    assert await model.popularity(["v", "none"]) == {"v": popular}
    assert await model.neighbours(["v"]) == {"v": company}
    assert await model.profiles(["u"]) == {"u": person}
    listed = await model.list_of("u")
    assert (listed.videos, listed.meta, listed.as_of) == (b"[]", stored.meta, 5.0)
    assert await model.trending(1) == [("v", 2.0)]
    assert await model.weights(1) == [Weights(3)]
    assert await model.model_version() == "m1"
    assert await model.model("m1", ["v"]) == {"v": (("w", 0.5),)}


async def test_values_are_new_only_where_there_is_none_and_the_guard_is_as_it_was(values):
    await values.delete(["contract:guard", "contract:set"])
    assert not await values.set_new({"contract:set": b"x"}, 60, ("contract:guard", b"1"))
    assert await values.set_new({"contract:set": b"y"}, 60, ("contract:guard", None))
    assert not await values.set_new({"contract:set": b"z"}, 60, ("contract:guard", None))
    assert await values.get_many(["contract:set"]) == [b"y"]
    await values.delete(["contract:set"])
    await values.set_many({"contract:guard": b"1"}, 60)
    assert not await values.set_new({"contract:set": b"z"}, 60, ("contract:guard", None))
    assert await values.set_new({"contract:set": b"z"}, 60, ("contract:guard", b"1"))
    assert await values.get_many(["contract:set"]) == [b"z"]


async def test_an_outdated_generation_deletes_nothing(values):
    await values.set_many({"contract:kept": b"1"}, 60, Fence("contract-delete", 7))
    with pytest.raises(OutdatedError):
        await values.delete(["contract:kept"], Fence("contract-delete", 6))
    assert await values.get_many(["contract:kept"]) == [b"1"]
    await values.delete(["contract:kept"], Fence("contract-delete", 7))
    assert await values.get_many(["contract:kept"]) == [None]


async def test_a_list_that_was_ranked_before_its_person_was_forgotten_is_not_stored(values):
    model, stored = ReadModel(values), Stored(b"[]", b"[]", ListMeta(0.0, {}, 0))
    await values.delete([keys.forgotten("gone"), keys.user_state("gone")])
    await model.put_profiles({"gone": Profile(like_count=1)})
    before = await model.forgotten_at("gone")
    await model.put_lists({"gone": stored})
    await model.put_profiles({"gone": Profile(origins={0: 7}, forgotten_at=7)})
    await model.drop_lists(["gone"])
    await model.offer_list("gone", stored, before)
    assert (await model.profiles(["gone"]), await model.list_of("gone")) == ({}, None)
    await model.offer_list("gone", stored, await model.forgotten_at("gone"))
    listed = await model.list_of("gone")
    assert (listed.videos, listed.meta) == (b"[]", stored.meta)


async def test_each_part_tells_up_to_where_it_has_forgotten_a_person(values):
    model = ReadModel(values)
    await values.delete([keys.forgetting(part, "told") for part in "ab"])
    await model.put_forgetting({("a", "told"): 7})
    assert await model.forgetting("told", ["a", "b"]) == {"a": 7, "b": -1}


async def test_a_partition_is_lost_until_it_is_published(values):
    model = ReadModel(values)
    await values.delete([keys.epoch(77)])
    assert await model.lost([77]) == [77]
    run = await model.begin_publishing(77)
    assert await model.lost([77]) == [77]
    assert await model.mark_published(77, run)
    assert await model.lost([77]) == []


async def test_a_partition_that_was_emptied_while_it_was_published_is_lost(values):
    model = ReadModel(values)
    run = await model.begin_publishing(78)
    await values.delete([keys.epoch(78)])
    assert not await model.mark_published(78, run)
    assert await model.lost([78]) == [78]


async def test_a_partition_published_to_another_run_of_the_server_is_lost(values):
    model = ReadModel(values)
    await values.set_many({keys.epoch(79): b"an earlier run"})
    assert await model.lost([79]) == [79]


async def test_keys_are_found_by_their_beginning(values):
    await values.set_many({"contract:scan:a": b"1", "contract:scan:b": b"2", "contract:other": b"3"})
    assert {key async for key in values.keys_under("contract:scan:")} == {"contract:scan:a", "contract:scan:b"}


async def test_in_memory_values_vanish_after_their_time():
    now = [0.0]
    values = MemoryValues(clock=lambda: now[0])
    await values.set_many({"a": b"1"}, ttl=10)
    now[0] = 9.9
    assert await values.get_many(["a"]) == [b"1"]
    now[0] = 10.0
    assert await values.get_many(["a"]) == [None]


async def test_redis_away_is_unavailable():
    values = RedisValues(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(UnavailableError, match="Redis"):
        await values.get_many(["a"])
    await values.close()


async def test_keys_in_redis_live_as_long_as_the_contract_says(stack):
    values = RedisValues(stack.settings.redis_url)
    model = ReadModel(values)
    await model.put_lists({"ttl": Stored(b"[]", b"[]", ListMeta(0.0, {}, 0))})
    await model.put_popular(b"[]")
    ttl = {
        name: await values._redis.ttl(name) for name in ("recommendations:ttl", "user_profile:ttl", "popular_videos")
    }
    assert ttl == {"recommendations:ttl": 600, "user_profile:ttl": 1800, "popular_videos": 900}
    await values.close()


async def test_a_later_generation_keeps_an_earlier_one_from_writing(values):
    await values.delete([keys.generation("contract")])
    await values.set_many({"contract:fenced": b"1"}, 60, Fence("contract", 6))
    await values.set_many({"contract:fenced": b"2"}, 60, Fence("contract", 7))
    with pytest.raises(OutdatedError, match="later generation of the group than 6"):
        await values.set_many({"contract:fenced": b"3"}, 60, Fence("contract", 6))
    await values.set_many({"contract:beside": b"4"}, 60, Fence("contract, another", 1))
    assert await values.get_many(["contract:fenced", "contract:beside"]) == [b"2", b"4"]


async def test_the_fence_holds_for_all_that_only_an_owner_writes(values):
    model, late = ReadModel(values), ReadModel(values)
    late.fence, model.fence = Fence("owners", 1), Fence("owners", 2)
    await model.put_marks({5: {5: 1}})
    writes = [
        late.put_marks({5: {5: 2}}),
        late.put_lists({"fenced": Stored(b"[]", b"[]", ListMeta(0.0, {}, 0))}),
        late.put_profiles({"fenced": Profile()}),
        late.put_popularity({"fenced": popularity.Popularity()}),
        late.put_neighbours({"fenced": Neighbours()}),
        late.put_trending(5, ()),
        late.put_leaders(5, {"": {}}),
        late.begin_publishing(5),
    ]
    for write in writes:
        with pytest.raises(OutdatedError):
            await write
    assert await values.get_many([keys.user_state("fenced"), keys.recommendations("fenced")]) == [None, None]


async def test_a_list_that_is_offered_does_not_replace_one_that_came_meanwhile(values):
    model = ReadModel(values)
    await values.delete([keys.recommendations("cold"), keys.recommendations_meta("cold"), keys.user_profile("cold")])
    older, newer = (Stored(videos, b"[]", ListMeta(at, {}, 0)) for videos, at in ((b"[1]", 1.0), (b"[2]", 2.0)))
    await model.offer_list("cold", older, None)
    listed = await model.list_of("cold")
    assert (listed.videos, listed.meta) == (b"[1]", older.meta)
    await model.put_lists({"cold": newer})
    await model.offer_list("cold", older, None)
    listed = await model.list_of("cold")
    assert (listed.videos, listed.meta) == (b"[2]", newer.meta)


async def test_in_postgresql_a_later_generation_keeps_an_earlier_one_from_writing(stack):
    early, late = Archive(stack.settings.postgres_dsn), Archive(stack.settings.postgres_dsn)
    early.fence, late.fence = Fence("contract", 6), Fence("contract", 7)
    await early.open()
    await late.open()
    await early.put_popularity([("fenced", 1.0, 1.0)])
    await early.put_profiles([("fenced", ["a"], 1.0)])
    await late.put_popularity([("fenced", 2.0, 2.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.put_popularity([("fenced", 3.0, 3.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.put_profiles([("fenced", ["b"], 3.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.delete_profiles(["fenced"])
    assert await late.popularity_of(["fenced"]) == {"fenced": (2.0, moment(2.0))}
    assert await late.profiles_of(["fenced"]) == {"fenced": moment(1.0)}
    await late.delete_profiles(["fenced"])
    assert await late.profiles_of(["fenced"]) == {}
    async with late._connection() as connection:
        await connection.execute("DELETE FROM video_popularity WHERE video_id = 'fenced'")
    await early.close()
    await late.close()


async def test_a_log_is_read_on_from_a_place(values):
    start = await values.end_of("contract:log")
    for message in (b"1", b"2"):
        await values.append("contract:log", message, 60)
    place, messages = await values.read_log("contract:log", start)
    assert messages == [b"1", b"2"]
    assert place == await values.end_of("contract:log")
    assert await values.read_log("contract:log", place) == (place, [])


async def test_an_outdated_generation_adds_nothing_to_a_log(values):
    await values.delete([keys.generation("contract-log")])
    start = await values.end_of("contract:fenced-log")
    await values.append("contract:fenced-log", b"1", 60, Fence("contract-log", 7))
    with pytest.raises(OutdatedError):
        await values.append("contract:fenced-log", b"2", 60, Fence("contract-log", 6))
    assert (await values.read_log("contract:fenced-log", start))[1] == [b"1"]


async def test_a_log_forgets_what_is_old(values):
    start = await values.end_of("contract:short-log")
    await values.append("contract:short-log", b"1" * 5000, 1)  # Redis lets entries go by blocks of 4 KiB
    await asyncio.sleep(2.1)
    await values.append("contract:short-log", b"2", 1)
    assert (await values.read_log("contract:short-log", start))[1] == [b"2"]
