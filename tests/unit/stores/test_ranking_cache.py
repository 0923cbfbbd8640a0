"""Lists are ranked from the index and serialised."""

import json

import msgspec
import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video
from recomind.recommender.served import unpack
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores.stored_lists import ServedList, ids_in
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


@pytest.fixture
def served(cache):
    """A stored list of three videos, of a catalogue that has been read."""
    cache.loader.catalogue._position = "0"
    for at, video_id in enumerate("abc"):
        cache.index.put_video(Video(video_id=video_id, title=video_id.upper(), tags=("x",), created_at=1e9 + at))
    stored = cache.list_for(Profile(likes=(Like("z", 5.0),)), 10).as_served
    assert sorted(ids_in(stored.videos)) == ["a", "b", "c"]
    return stored


def test_a_list_is_shown_without_videos_that_were_taken_down(cache, served):
    first, taken_down, last = served.shown_meta.video_ids
    cache.index.put_video(Video(video_id=taken_down, title="T", hidden=True))
    part = cache.listed_part(served)
    assert (part.size, part.has_removed) == (2, True)
    assert ids_in(part.served.videos) == part.served.shown_meta.video_ids == (first, last)
    assert part.served.meta.sources == served.meta.sources
    shown = part.served.shown_meta.shown
    assert str(unpack(shown, 1, 2)) == str(unpack(served.shown_meta.shown, 2, 3))
    assert unpack(shown, 2, 2) is None


def test_a_list_is_shown_with_titles_and_tags_as_they_are_now(cache, served):
    assert cache.listed_part(served).served == served
    cache.index.put_video(Video(video_id="a", title="new", tags=("y",)))
    part = cache.listed_part(served)
    assert (part.size, part.has_removed) == (3, False)
    assert part.served.encoded_meta == served.encoded_meta
    assert {one["video_id"]: one["title"] for one in json.loads(part.served.videos)} == {"a": "new", "b": "B", "c": "C"}


@pytest.mark.parametrize("foreign", [b"[1]", b"", b"\xff", b'{"video_id":"a"}'])
def test_what_another_program_has_stored_in_place_of_a_list_may_not_be_shown(cache, served, foreign):
    assert not cache.is_listed(foreign)


def test_a_list_of_an_earlier_version_is_cut_too(cache, served):
    meta = replace(served.meta, video_ids=(), shown=b"")
    earlier = ServedList(served.videos, msgspec.msgpack.encode(meta))
    cache.index.remove_video("b")
    part = cache.listed_part(earlier)
    assert sorted(ids_in(part.served.videos)) == ["a", "c"]
    assert not cache.is_listed(served.videos)


def test_a_list_is_shown_as_it_is_before_the_catalogue_has_been_read(cache, served):
    cache.loader.catalogue._position = None
    cache.index.remove_video("b")
    assert cache.listed_part(served).served == served
    assert cache.is_listed(served.videos)
