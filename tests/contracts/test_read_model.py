"""The read model over both implementations of `KeyValueStore`."""

import pytest

from recomind.errors import OutdatedError
from recomind.model.signals import ActionSignal
from recomind.recommender.blend.model import Weights
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stores.stored_lists import ListMeta, StoredList


async def test_the_read_model_returns_what_was_stored(store):
    model = ReadModel(store)
    signal = ActionSignal("v", 0, 1, 5.0, "u", "like", False, ("w",))
    popular, near = popularity.fold(Popularity(), [signal]), neighbours.fold(Neighbours(), [signal])
    profile = Profile(likes=(Like("v", 5.0),))
    stored = StoredList(b'[{"video_id":"v"}]', b'["funny"]', ListMeta(5.0, {0: 1}, 3, {"v": {"tags": 1.0}}))
    await model.put_popularity({"v": popular})
    await model.put_neighbours({"v": near})
    await model.put_profiles({"u": profile})
    await model.put_lists({"u": stored})
    await model.put_windowed_top(0, {"cat": {"24h": [("v", 2.0)]}, "dog": {"24h": [("v", 2.0)]}})
    await model.put_windowed_top(0, {"dog": {}})
    await model.put_weights(0, Weights(3))
    await model.put_ease_model("m1", {"v": (("w", 0.5),)})
    assert await model.popularity(["v", "none"]) == {"v": popular}
    assert await model.neighbours(["v"]) == {"v": near}
    assert await model.profiles(["u"]) == {"u": profile}
    served = await model.list_of("u")
    assert (served.videos, served.meta, served.as_of) == (stored.videos, stored.meta, 5.0)
    assert await model.windowed_top(1, "cat", "24h") == [("v", 2.0)]
    assert await model.windowed_top_of(0, ["cat", "dog"]) == {"cat": {"24h": [("v", 2.0)]}}
    assert await model.weights(1) == [Weights(3)]
    assert await model.ease_model_version() == "m1"
    assert await model.ease_neighbours("m1", ["v"]) == {"v": (("w", 0.5),)}


async def is_counted(model, user, partition, offset):
    return (await model.list_including(user, partition, offset)).is_counted


async def test_a_list_includes_an_action_by_its_offsets_or_by_the_watermark(store):
    model = ReadModel(store)
    names = [keys.lists_watermark(5), keys.current_watermark(5), keys.recommendations_meta("ryw"), keys.epoch(5)]
    await store.delete([*names, keys.user_state("ryw")])
    assert not await is_counted(model, "ryw", 5, 7)
    await model.put_lists({"ryw": StoredList(b"[]", b"[]", ListMeta(0.0, {5: 7}, 0))})
    assert [await is_counted(model, "ryw", 5, offset) for offset in (7, 8)] == [True, False]
    await model.put_watermarks({5: {5: 9}}, {5: {5: 10}})
    assert [await is_counted(model, "ryw", 5, offset) for offset in (9, 10)] == [True, False]


async def test_an_empty_list_is_never_stored_but_counts_the_users_actions(store):
    model = ReadModel(store)
    full, empty = (StoredList(videos, b"[]", ListMeta(0.0, {5: 7}, 0)) for videos in (b"[1]", b"[]"))
    names = [keys.recommendations("none"), keys.recommendations_meta("none"), keys.user_state("none")]
    await store.delete([*names, keys.current_watermark(5)])
    await model.put_list_if_absent("none", empty, None, None)
    assert not await is_counted(model, "none", 5, 7)
    await model.put_lists({"none": full})
    assert (await model.list_of("none")).videos == b"[1]"
    await model.put_lists({"none": empty})
    assert await model.list_of("none") is None
    assert await is_counted(model, "none", 5, 7)


async def test_no_trending_videos_are_never_stored(store):
    model = ReadModel(store)
    await model.put_popular_videos(b"[1]")
    assert await model.popular_videos() == b"[1]"
    await model.put_popular_videos(b"[]")
    assert await model.popular_videos() is None


async def test_a_list_that_was_ranked_before_its_user_was_erased_is_not_stored(store):
    model, stored = ReadModel(store), StoredList(b"[1]", b"[]", ListMeta(0.0, {}, 0))
    await store.delete([keys.erased_user("gone"), keys.user_state("gone")])
    await model.put_profiles({"gone": Profile(like_count=1)})
    before = await model.stored_user("gone")
    await model.put_lists({"gone": stored})
    await model.put_profiles({"gone": Profile(applied_offsets={0: 7}, erasure_offset=7)})
    await model.delete_lists(["gone"])
    await model.put_list_if_absent("gone", stored, before.encoded, before.erasure_offset)
    assert (await model.profiles(["gone"]), await model.list_of("gone")) == ({}, None)
    await model.put_list_if_absent("gone", stored, None, before.erasure_offset)
    assert await model.list_of("gone") is None
    await model.put_list_if_absent("gone", stored, None, await model.erasure_offset("gone"))
    served = await model.list_of("gone")
    assert (served.videos, served.meta) == (b"[1]", stored.meta)


async def test_a_list_for_a_user_without_one_does_not_replace_a_list_stored_meanwhile(store):
    model = ReadModel(store)
    await store.delete([keys.recommendations("cold"), keys.recommendations_meta("cold"), keys.user_profile("cold")])
    older, newer = (StoredList(videos, b"[]", ListMeta(at, {}, 0)) for videos, at in ((b"[1]", 1.0), (b"[2]", 2.0)))
    await model.put_list_if_absent("cold", older, None, None)
    served = await model.list_of("cold")
    assert (served.videos, served.meta) == (b"[1]", older.meta)
    await model.put_lists({"cold": newer})
    await model.put_list_if_absent("cold", older, None, None)
    served = await model.list_of("cold")
    assert (served.videos, served.meta) == (b"[2]", newer.meta)


async def test_a_list_is_not_stored_if_its_profile_was_replaced_meanwhile(store):
    model = ReadModel(store)
    await store.delete([keys.recommendations("late"), keys.recommendations_meta("late"), keys.erased_user("late")])
    await model.put_profiles({"late": Profile(applied_offsets={5: 1})})
    before = await model.stored_user("late")
    assert before.profile == Profile(applied_offsets={5: 1})
    await model.put_profiles({"late": Profile(applied_offsets={5: 2})})
    await model.drop_lists(["late"])
    outdated = StoredList(b"[1]", b'["x"]', ListMeta(0.0, {5: 1}, 0))
    await model.put_list_if_absent("late", outdated, before.encoded, before.erasure_offset)
    assert await model.list_of("late") is None
    after = await model.stored_user("late")
    await model.put_list_if_absent("late", outdated, after.encoded, after.erasure_offset)
    assert (await model.list_of("late")).videos == b"[1]"
    assert await store.get_many([keys.user_profile("late")]) == [b'["x"]']


async def test_without_a_stored_list_the_profile_says_what_the_next_list_includes(store):
    model = ReadModel(store)
    await store.delete([keys.recommendations_meta("asks"), keys.current_watermark(6), keys.epoch(6)])
    await model.put_profiles({"asks": Profile(applied_offsets={6: 7})})
    assert [await is_counted(model, "asks", 6, offset) for offset in (7, 8)] == [True, False]
    await model.put_lists({"asks": StoredList(b"[1]", b"[]", ListMeta(0.0, {6: 6}, 0))})
    assert [await is_counted(model, "asks", 6, offset) for offset in (6, 7)] == [True, False]
    assert (await model.list_including("asks", 6, 6)).served.videos == b"[1]"
    await model.drop_lists(["asks"])
    assert await model.list_including("asks", 6, 7) == (True, None)
    assert (await model.list_of("asks"), await is_counted(model, "asks", 6, 7)) == (None, True)
    assert await store.get_many([keys.user_profile("asks")]) == [b"[]"]


async def test_each_stage_of_an_erasure_stores_its_progress(store):
    model = ReadModel(store)
    await store.delete([keys.erasure_stage(stage, "erased") for stage in "ab"])
    await model.put_erasure_progress({("a", "erased"): 7})
    assert await model.erasure_progress("erased", ["a", "b"]) == {"a": 7, "b": -1}


async def test_a_partition_is_lost_until_it_is_published(store):
    model = ReadModel(store)
    await store.delete([keys.epoch(77)])
    assert await model.lost_partitions([77]) == [77]
    run_id = await model.begin_publishing(77)
    assert await model.lost_partitions([77]) == [77]
    assert await model.finish_publishing(77, run_id)
    assert await model.lost_partitions([77]) == []


async def test_a_partition_is_lost_if_redis_was_flushed_while_it_was_published(store):
    model = ReadModel(store)
    run_id = await model.begin_publishing(78)
    await store.delete([keys.epoch(78)])
    assert not await model.finish_publishing(78, run_id)
    assert await model.lost_partitions([78]) == [78]


async def test_a_partition_published_to_another_run_of_the_server_is_lost(store):
    model = ReadModel(store)
    await store.set_many({keys.epoch(79): b"an earlier run"})
    assert await model.lost_partitions([79]) == [79]


async def test_all_writes_of_a_partitions_owner_are_fenced(store):
    model, outdated = ReadModel(store), ReadModel(store)
    outdated.fence, model.fence = Fence("owners", 1), Fence("owners", 2)
    await model.put_watermarks({5: {5: 1}}, {})
    writes = [
        outdated.put_watermarks({5: {5: 2}}, {}),
        outdated.put_lists({"fenced": StoredList(b"[]", b"[]", ListMeta(0.0, {}, 0))}),
        outdated.put_profiles({"fenced": Profile()}),
        outdated.put_popularity({"fenced": popularity.Popularity()}),
        outdated.put_neighbours({"fenced": Neighbours()}),
        outdated.put_windowed_top(5, {"": {}}),
        outdated.begin_publishing(5),
    ]
    for write in writes:
        with pytest.raises(OutdatedError):
            await write
    assert await store.get_many([keys.user_state("fenced"), keys.recommendations("fenced")]) == [None, None]


async def test_keys_in_redis_have_the_documented_ttls(stack):
    store = RedisStore(stack.settings.redis_url)
    model = ReadModel(store)
    await model.put_lists({"ttl": StoredList(b"[1]", b"[]", ListMeta(0.0, {}, 0))})
    await model.put_popular_videos(b"[1]")
    ttl = {name: await store._redis.ttl(name) for name in ("recommendations:ttl", "user_profile:ttl", "popular_videos")}
    assert ttl == {"recommendations:ttl": 600, "user_profile:ttl": 1800, "popular_videos": 900}
    await store.close()
