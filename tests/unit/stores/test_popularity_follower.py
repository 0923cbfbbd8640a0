"""Popularity comes from the stream, or from the stored values after a gap."""

from recomind.recommender.index.video_index import VideoIndex
from recomind.state.popularity import Popularity
from recomind.stores.event_clock import EventClock
from recomind.stores.popularity_follower import MAX_STREAM_GAP_S, PopularityFollower
from tests.unit.stores.samples import popularity_of

COLUMNS = ("scores", "actions", "first_at", "likes", "liked_at")


async def test_popularity_from_the_stream_equals_stored_popularity(cache, read_model):
    await read_model.put_popularity({"a": popularity_of("a", "u"), "b": popularity_of("b", "u", "w")})
    cache.index.row("a")
    await cache.loader.follow_popularity()
    await read_model.put_popularity({"b": popularity_of("b", "u", "w", "x"), "c": Popularity()})
    await cache.loader.follow_popularity()
    index, event_clock = VideoIndex(), EventClock()
    await PopularityFollower(index, event_clock, read_model, ttl=2.0).read(cache.index.ids)
    assert cache.index.ids == ["a", "b", "c"]
    for column in COLUMNS:
        followed = getattr(cache.index.columns, column)[:3].tolist()
        assert followed == getattr(index.columns, column)[:3].tolist()
    assert cache.now == event_clock.now == 8.0


async def test_all_popularity_is_read_after_a_gap_in_which_the_stream_may_have_lost_entries(
    cache, read_model, store, clock
):
    await read_model.put_popularity({"a": popularity_of("a", "u")})
    cache.index.row("a")
    await cache.loader.follow_popularity()
    clock.now = MAX_STREAM_GAP_S
    store.read_keys.clear()
    await cache.loader.follow_popularity()
    assert store.read_keys == []
    await read_model.put_popularity({"a": popularity_of("a", "u", "w")})
    store._streams.clear()
    clock.now += MAX_STREAM_GAP_S + 0.1
    await cache.loader.follow_popularity()
    assert cache.index.columns.likes[0] == 2


async def test_a_score_that_falls_rebuilds_the_top_lists(cache, read_model):
    await cache.loader.follow_popularity()
    before = cache.index.top_lists.trending()
    await read_model.put_popularity({"a": popularity_of("a", "u", "w")})
    await cache.loader.follow_popularity()
    assert cache.index.top_lists.trending() is before
    await read_model.put_popularity({"a": popularity_of("a", "u")})
    await cache.loader.follow_popularity()
    assert cache.index.top_lists.trending() is not before
