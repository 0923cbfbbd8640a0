"""A worker's copy: what it reads, what it is told, and what it remembers of that."""

import pytest

from recomind.model.signals import Touched
from recomind.state import neighbours, popularity
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Liked, Profile
from recomind.stores import keys, popularity_stream
from recomind.stores.archive import Archive
from recomind.stores.expiry import REMEMBERED, Ages
from recomind.stores.memory_store import MemoryValues
from recomind.stores.ranking_cache import PAUSE, Replica
from recomind.stores.read_model import ReadModel

COLUMNS = ("scores", "actions", "first_at", "likes", "liked_at")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Counted(MemoryValues):
    """Values that know which keys were asked for."""

    def __init__(self, clock):
        super().__init__(clock)
        self.asked = []

    async def get_many(self, asked):
        self.asked += asked
        return await super().get_many(asked)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def values(clock):
    return Counted(clock)


@pytest.fixture
def read_model(values):
    return ReadModel(values)


@pytest.fixture
def replica(read_model, clock):
    return Replica(read_model, Archive(""), partitions=1, ttl=2.0, clock=clock)


def liked(video, *people, trail=()):
    return [Touched(video, 0, at, 5.0 + at, person, "like", False, trail) for at, person in enumerate(people, 1)]


def popular(video, *people):
    return popularity.fold(Popularity(), liked(video, *people))


def test_ages_do_not_remember_every_id_ever_read(clock):
    ages = Ages(2.0, clock)
    for second in range(40):
        clock.now = float(second)
        ages.stale(f"v{second}-{n}" for n in range(1000))
    assert len(ages) <= REMEMBERED + 1000
    assert ages.stale(["v39-0", "v0-0"]) == ["v0-0"]


async def test_popularity_told_by_the_feed_is_the_same_as_popularity_read(replica, read_model):
    await read_model.put_popularity({"a": popular("a", "u"), "b": popular("b", "u", "w")})
    replica.index.row("a")
    await replica.follow_popularity()
    await read_model.put_popularity({"b": popular("b", "u", "w", "x"), "c": Popularity()})
    await replica.follow_popularity()
    read = Replica(read_model, Archive(""), partitions=1, ttl=2.0)
    await read._read_popularity(replica.index.ids)
    assert replica.index.ids == ["a", "b", "c"]
    for column in COLUMNS:
        told = getattr(replica.index.columns, column)[:3].tolist()
        assert told == getattr(read.index.columns, column)[:3].tolist()
    assert replica.now == read.now == 8.0


async def test_lists_read_no_popularity_while_the_feed_is_followed_and_read_it_again_when_not(
    replica, read_model, values, clock
):
    company = neighbours.fold(Neighbours(), liked("a", "u", trail=("b",)))
    await read_model.put_neighbours({"a": company})
    await read_model.put_popularity({"a": popular("a", "u"), "b": popular("b", "u")})
    person = Profile(likes=(Liked("a", 5.0),))
    await replica.follow_popularity()
    replica.index.row("b")
    await replica.load([person])  # both are new here
    assert {keys.video_popularity("a"), keys.video_popularity("b")} <= set(values.asked)
    values.asked.clear()
    clock.now = 2.0
    await replica.load([person])
    assert values.asked == [keys.video_neighbours("a"), keys.user_state("u")]
    clock.now = 2.1
    await replica.load([person])
    assert values.asked[2:] == [keys.video_popularity("a"), keys.video_popularity("b")]


async def test_after_a_pause_in_which_the_feed_may_have_lost_something_all_is_read(replica, read_model, values, clock):
    await read_model.put_popularity({"a": popular("a", "u")})
    replica.index.row("a")
    await replica.follow_popularity()
    clock.now = PAUSE
    values.asked.clear()
    await replica.follow_popularity()
    assert values.asked == []
    await read_model.put_popularity({"a": popular("a", "u", "w")})
    values._logs.clear()
    clock.now += PAUSE + 0.1
    await replica.follow_popularity()
    assert replica.index.columns.likes[0] == 2


async def test_a_score_that_falls_makes_short_lists_anew(replica, read_model):
    await replica.follow_popularity()
    made = replica.index.heads.trending()
    await read_model.put_popularity({"a": popular("a", "u", "w")})
    await replica.follow_popularity()
    assert replica.index.heads.trending() is made
    await read_model.put_popularity({"a": popular("a", "u")})
    await replica.follow_popularity()
    assert replica.index.heads.trending() is not made


async def test_only_the_most_similar_people_are_read(replica, read_model, values):
    crowd = [f"u{n}" for n in range(24)]
    videos = {
        video: neighbours.fold(Neighbours(), liked(video, *people))
        for video, people in {"a": crowd, "b": crowd[:20]}.items()
    }
    await read_model.put_neighbours(videos)
    await replica.load([Profile(likes=(Liked("a", 5.0), Liked("b", 6.0)))])
    assert {key for key in values.asked if key.startswith("user_state:")} == set(map(keys.user_state, crowd[:20]))


async def test_lists_of_a_model_are_read_once_a_version(replica, read_model, values, clock):
    person = Profile(likes=(Liked("a", 5.0),))
    asked = []
    for version in ("m1", "m2"):
        await read_model.put_model(version, {"a": (("b", 0.5),)})
        await replica.follow_audience()
        for _ in range(2):
            clock.now += 10
            await replica.load([person])
        asked += [key for key in values.asked if key.startswith("model:")]
        values.asked.clear()
    assert asked == [keys.model("m1", "a"), keys.model("m2", "a")]


def test_an_entry_of_the_feed_is_small():
    packed = popularity_stream.pack({f"v{n}": Popularity() for n in range(1000)})
    assert len(packed) < 130 * 1000
