"""Lists are ranked from the index and serialised."""

import json

from recomind.model.catalogue import Video
from recomind.state.profile import Like, Profile
from tests.unit.stores.samples import popularity_of


async def test_a_list_holds_summaries_of_catalogue_videos_and_says_what_it_was_ranked_from(cache, read_model):
    for video_id in ("a", "b"):
        cache.index.put_video(Video(video_id=video_id, title=video_id.upper(), tags=("x",)))
    await read_model.put_popularity({"a": popularity_of("a", "u"), "c": popularity_of("c", "u", "w")})
    await cache.loader.follow_popularity()
    stored = cache.list_for(Profile(applied_offsets={0: 3}, likes=(Like("b", 5.0),)), 10)
    assert "a" in [one["video_id"] for one in json.loads(stored.videos)]
    assert json.loads(stored.top_tags) == ["x"]
    assert (stored.meta.as_of, stored.meta.applied_offsets) == (cache.now, {0: 3})
    assert "trending" in stored.meta.sources["a"]
    assert [one["video_id"] for one in json.loads(cache.trending_json(10))] == ["a"]
    assert [one["title"] for one in json.loads(cache.summaries_json(["b", "c"]))] == ["B"]


def test_event_time_never_goes_back(cache):
    cache.advance_time(7.0)
    cache.advance_time(5.0)
    assert cache.now == 7.0
