"""Changes of the catalogue that arrive by two ways: the later change of a video counts."""

import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import ALL_VIDEOS, CatalogueChange, change_of
from recomind.stores.takedown_log import RETENTION_S

FIRST = Video(video_id="a", title="A", version=1)
OTHER = Video(video_id="b", title="B", version=2)


class FakeCatalogue:
    """What PostgreSQL answers."""

    def __init__(self):
        self.videos, self.changes, self.takedowns = [], [], []

    async def all_videos(self):
        return "7", self.videos

    async def changed_videos(self, after):
        assert after == "7"
        return after, self.changes

    async def recent_takedowns(self, seconds):
        assert seconds == RETENTION_S
        return self.takedowns


@pytest.fixture
def archive():
    return FakeCatalogue()


@pytest.fixture
def follower(cache, archive):
    cache.loader.catalogue._archive = archive
    return cache.loader.catalogue


@pytest.fixture
def heard(follower):
    found = []
    follower.listeners.append(lambda _, before, after: found.append((before, after)))
    return found


async def test_listeners_hear_of_changes_once(follower, archive, heard):
    assert not follower.has_catalogue
    archive.videos = [FIRST, OTHER]
    await follower.follow()
    assert follower.has_catalogue
    tagged = replace(FIRST, tags=("cat",), version=3)
    archive.changes = [change_of(OTHER), change_of(tagged)]
    await follower.follow()
    await follower.follow()
    assert heard == [(None, FIRST), (None, OTHER), (FIRST, tagged)]


def test_an_earlier_change_that_arrives_later_changes_nothing(follower, cache, heard):
    hidden = replace(FIRST, hidden=True, version=5)
    assert follower.apply(change_of(hidden))
    assert not follower.apply(change_of(replace(FIRST, version=4)))
    assert heard == [(None, None)]  # another worker may have listed it before
    assert "a" not in cache.index.summaries
    assert follower.apply(CatalogueChange("a", 6, None))
    assert not follower.apply(change_of(hidden))
    assert cache.index.video("a") is None
    assert follower.apply(change_of(replace(FIRST, version=7)))
    assert heard[1:] == [(None, None), (None, replace(FIRST, version=7))]


def test_listeners_hear_of_hiding_deleting_and_expiring_as_of_removals(follower, heard):
    follower.apply(change_of(FIRST))
    follower.apply(change_of(replace(FIRST, hidden=True, version=2)))
    follower.apply(CatalogueChange("a", 3, None))
    timed = replace(FIRST, expires_at=10.0, version=4)
    follower.apply(change_of(timed))
    follower.expire(9.9)
    assert follower.removals == 2
    follower.expire(10.0)
    follower.expire(11.0)
    assert heard == [(None, FIRST), (FIRST, None), (None, None), (None, timed), (timed, None)]
    assert follower.removals == 3
    follower.apply(change_of(replace(timed, expires_at=12.0, version=5)))
    follower.expire(12.0)
    follower.apply(change_of(replace(timed, expires_at=5.0, version=6)))
    assert follower.removals == 5


async def test_an_emptied_catalogue_is_read_again(follower, archive, cache, heard):
    archive.videos = [FIRST, OTHER]
    await follower.follow()
    archive.videos, archive.changes = [OTHER], [CatalogueChange("", 9, None)]
    await follower.follow()
    assert heard[2:] == [(FIRST, None)]
    assert set(cache.index.summaries) == {"b"}
    follower.apply(change_of(FIRST))  # it was added while the catalogue was read
    assert set(cache.index.summaries) == {"a", "b"}


async def test_takedowns_before_the_start_are_known_but_not_of_videos_that_are_listed(follower, archive):
    archive.videos = [FIRST, OTHER]
    archive.takedowns = [("deleted", 90.0), ("a", 80.0), ("hidden", 70.0)]
    await follower.follow()
    assert follower.takedowns.since(0) == (2, ["deleted", "hidden"])
    assert follower.takedowns.within(15.0) == ["hidden"]
    archive.changes = [CatalogueChange(ALL_VIDEOS, 9, None)]
    await follower.follow()
    assert follower.takedowns.since(0) == (2, ["deleted", "hidden"])
    follower.apply(change_of(Video(video_id="deleted", title="D", version=10)))
    assert follower.takedowns.since(0) == (2, ["hidden"])


async def test_a_takedown_of_a_video_that_only_other_workers_have_listed_is_told(follower):
    await follower.follow()
    follower.apply(CatalogueChange("missed", 5, None))
    assert follower.takedowns.since(0) == (1, ["missed"])


async def test_a_video_that_was_never_listed_was_not_taken_down(follower):
    await follower.follow()
    follower.apply(change_of(replace(FIRST, hidden=True)))
    follower.apply(change_of(replace(FIRST, hidden=True, title="Other", version=6)))
    follower.apply(CatalogueChange("a", 7, None))
    assert follower.takedowns.since(0) == (0, [])
    follower.apply(change_of(replace(FIRST, version=8)))
    follower.apply(change_of(replace(FIRST, hidden=True, version=9)))
    assert follower.takedowns.since(0) == (1, ["a"])
    follower.apply(CatalogueChange("a", 10, None))
    assert follower.takedowns.since(0)[1] == ["a"]


def test_hiding_and_expiry_are_takedowns_until_the_video_returns(follower):
    follower.apply(change_of(FIRST))
    follower.apply(change_of(replace(OTHER, expires_at=5.0)))
    follower.apply(change_of(replace(FIRST, hidden=True, version=3)))
    follower.expire(6.0)
    assert follower.takedowns.since(0) == (2, ["a", "b"])
    follower.apply(change_of(replace(FIRST, version=4)))
    assert follower.takedowns.since(0) == (2, ["b"])
