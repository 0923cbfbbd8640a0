"""Videos that are in lists again: lists that were ranked before are ranked again, on every worker."""

import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import CatalogueChange, change_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import ListRequest
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores.catalogue_follower import CatalogueFollower
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.returned_videos import MAX_RETURNS, RETENTION_S, ReturnedVideos
from recomind.stores.stored_lists import StoredList

SHOWN = Video(video_id="a", title="A", version=1)
HIDDEN = replace(SHOWN, hidden=True, version=2)
SHOWN_AGAIN = replace(SHOWN, version=3)
OTHER = Video(video_id="b", title="B", version=4)
ME, LIKER = ListRequest("u"), Profile(likes=(Like("z", 5.0),))


class Follower:
    """What a worker follows of the catalogue."""

    def __init__(self):
        self.index = VideoIndex()
        self.catalogue = CatalogueFollower(self.index, None)
        self.catalogue._position = "0"
        self.returned = self.catalogue.returned

    def apply(self, *videos):
        for video in videos:
            self.catalogue.apply(change_of(video))
        return self


def suits(cache, stored: StoredList):
    return cache.suits(stored.as_served, ME)


@pytest.mark.parametrize("taken_down", [change_of(HIDDEN), CatalogueChange("a", 2, None)])
def test_a_list_that_was_ranked_without_a_video_is_ranked_again_when_it_returns(cache, taken_down):
    catalogue = cache.loader.catalogue
    for change in (change_of(SHOWN), change_of(OTHER)):
        catalogue.apply(change)
    before = cache.list_for(LIKER, 5)
    catalogue.apply(taken_down)
    ranked = cache.rank(LIKER)
    hidden, drawn = cache.list_for(LIKER, 5), cache.control_list("u", LIKER, 5)
    assert suits(cache, before)
    assert suits(cache, hidden)
    catalogue.apply(change_of(SHOWN_AGAIN))
    late = cache.serialise(ranked, 5)
    assert [suits(cache, one) for one in (before, hidden, late, drawn)] == [False] * 4
    again = cache.list_for(LIKER, 5)
    assert "a" in again.meta.video_ids
    assert suits(cache, again)
    catalogue.apply(change_of(replace(SHOWN, title="Other", version=5)))
    assert suits(cache, again)


def test_a_video_whose_expiry_moves_returns():
    follower = Follower().apply(replace(SHOWN, expires_at=10.0))
    follower.catalogue.expire(11.0)
    follower.apply(replace(SHOWN, expires_at=11.0, version=2))
    assert follower.index.returned == ()
    follower.apply(replace(SHOWN, expires_at=12.0, version=3))
    assert follower.index.returned == (3,)


def test_a_new_video_does_not_return_even_if_it_was_put_hidden():
    follower = Follower().apply(
        OTHER, replace(HIDDEN, version=5), replace(HIDDEN, version=6), replace(SHOWN, version=7)
    )
    assert follower.index.returned == ()
    follower.apply(replace(HIDDEN, version=8), replace(SHOWN, version=9))
    assert follower.index.returned == (9,)


async def test_a_video_that_was_hidden_when_the_catalogue_was_read_returns(cache):
    class Catalogue:
        async def all_videos(self):
            return "1", [HIDDEN]

        async def recent_takedowns(self, seconds):
            return []

    catalogue = cache.loader.catalogue
    catalogue._archive = Catalogue()
    await catalogue.follow()
    catalogue.apply(change_of(SHOWN_AGAIN))
    assert cache.index.returned == (3,)


async def test_a_worker_that_starts_learns_of_returns_before_from_the_others():
    store, others = InMemoryStore(), Follower().apply(SHOWN, HIDDEN, SHOWN_AGAIN)
    await others.returned.exchange(store)
    await others.returned.exchange(store)
    told, started = [], Follower()
    started.returned.listeners.append(lambda: told.append("returned"))
    await started.returned.exchange(store)
    assert started.index.returned == ()  # it has not read the catalogue, so its lists would lack the video
    started.apply(SHOWN_AGAIN)
    await started.returned.exchange(store)
    await started.returned.exchange(store)
    assert (started.index.returned, told) == ((3,), ["returned"])
    assert len((await store.read_stream("returned_videos", "0"))[1]) == 1


def test_only_the_latest_returns_count_until_no_list_is_older():
    clock, index = [0.0], VideoIndex()
    returned = ReturnedVideos(index, lambda _: 0, lambda: clock[0])
    for number in (5, *range(100, 100 + MAX_RETURNS), 7):
        returned.note("v", number)
    assert index.returned == tuple(range(100, 100 + MAX_RETURNS))
    clock[0] = RETENTION_S + 1
    returned.note("v", 1000)
    assert index.returned == (1000,)
