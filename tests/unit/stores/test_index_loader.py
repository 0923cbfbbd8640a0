"""What is read for a list, and when it is read again."""

from recomind.state import neighbours
from recomind.state.neighbours import Neighbours
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores import keys
from tests.unit.stores.samples import likes_of, popularity_of


async def test_lists_read_no_popularity_while_the_stream_is_followed_and_read_it_when_not(
    cache, read_model, store, clock
):
    await read_model.put_neighbours({"a": neighbours.fold(Neighbours(), likes_of("a", "u", history=("b",)))})
    await read_model.put_popularity({"a": popularity_of("a", "u"), "b": popularity_of("b", "u")})
    profile = Profile(likes=(Like("a", 5.0),))
    await cache.loader.follow_popularity()
    cache.index.row("b")
    await cache.loader.load([profile])  # both videos are new in the index
    assert {keys.video_popularity("a"), keys.video_popularity("b")} <= set(store.read_keys)
    store.read_keys.clear()
    clock.now = 2.0
    await cache.loader.load([profile])
    assert store.read_keys == [keys.video_neighbours("a"), keys.user_state("u")]
    clock.now = 2.1
    await cache.loader.load([profile])
    assert store.read_keys[2:] == [keys.video_popularity("a"), keys.video_popularity("b")]


async def test_only_the_most_similar_users_are_read(cache, read_model, store):
    users = [f"u{n}" for n in range(24)]
    videos = {
        video: neighbours.fold(Neighbours(), likes_of(video, *likers))
        for video, likers in {"a": users, "b": users[:20]}.items()
    }
    await read_model.put_neighbours(videos)
    await cache.loader.load([Profile(likes=(Like("a", 5.0), Like("b", 6.0)))])
    assert {key for key in store.read_keys if key.startswith("user_state:")} == set(map(keys.user_state, users[:20]))


async def test_neighbours_of_the_ease_model_are_read_once_per_version(cache, read_model, store, clock):
    profile = Profile(likes=(Like("a", 5.0),))
    read_keys = []
    for version in ("m1", "m2"):
        await read_model.put_ease_model(version, {"a": (("b", 0.5),)})
        await cache.loader.follow_trending_and_model()
        for _ in range(2):
            clock.now += 10
            await cache.loader.load([profile])
        read_keys += [key for key in store.read_keys if key.startswith("model:")]
        store.read_keys.clear()
    assert read_keys == [keys.ease_neighbours("m1", "a"), keys.ease_neighbours("m2", "a")]


async def test_the_most_liked_videos_of_the_day_are_read_while_the_stream_is_not_followed(
    cache, read_model, store, clock
):
    clock.now = 100.0
    await read_model.put_windowed_top(0, {"": {"24h": [("a", 2.0)], "7d": [("b", 3.0)]}, "cat": {"24h": [("c", 2.0)]}})
    await cache.loader.follow_trending_and_model()
    read_keys = [key for key in store.read_keys if key.startswith("video_popularity:")]
    assert read_keys == [keys.video_popularity("a")]
