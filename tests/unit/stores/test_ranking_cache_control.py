"""Random lists of the control group keep to active filter extensions, as ranked lists do."""

import pytest

from recomind.model.catalogue import Video
from recomind.model.filters import parse_filter
from recomind.recommender.extensions import participation
from recomind.recommender.policy.policy import ListRequest
from recomind.recommender.served import unpack
from recomind.state.profile import Profile
from recomind.stores.stored_lists import ids_in


class OddNumbers:
    """A filter that permits odd rows, and notes how many rows it was asked about."""

    def __init__(self):
        self.asked = []

    def permits(self, user, rows, index):
        self.asked.append(len(rows))
        return rows % 2 == 1


class Fails:
    def permits(self, user, rows, index):
        raise RuntimeError


@pytest.fixture
def cache(cache):
    for number in range(20):
        cache.index.put_video(Video(video_id=f"v{number}", title="T", tags=("x",), created_at=1e9 + number))
    return cache


def add(cache, instance, *, active=True):
    cache.extensions.add("filter", "mine", instance)
    cache.extensions.active = frozenset({"mine"} if active else ())
    return instance


def control(cache, policy=None):
    stored = cache.control_list("me", Profile(), 20, policy)
    return stored, set(ids_in(stored.videos))


def test_an_active_filter_holds_for_random_lists_and_counts_in_their_propensities(cache):
    add(cache, OddNumbers())
    stored, found = control(cache)
    assert found == {f"v{number}" for number in range(1, 20, 2)}
    assert unpack(stored.as_served.shown_meta.shown, 0, len(found)).propensity == pytest.approx(1 / 10, rel=1e-3)


def test_filters_of_requests_hold_beside_it(cache):
    add(cache, OddNumbers())
    policy = cache.policy(ListRequest("me", conditions=parse_filter("video:v1,v2")))
    assert control(cache, policy)[1] == {"v1"}


def test_it_is_asked_in_parts_so_that_no_call_is_slow_because_the_catalogue_is_large(cache, monkeypatch):
    monkeypatch.setattr(participation, "ROWS_PER_CALL", 8)
    instance = add(cache, OddNumbers())
    assert len(control(cache)[1]) == 10
    assert instance.asked == [8, 8, 4]


@pytest.mark.parametrize(("instance", "active"), [(OddNumbers(), False), (Fails(), True)])
def test_one_that_is_not_active_or_fails_changes_nothing(cache, instance, active):
    add(cache, instance, active=active)
    assert len(control(cache)[1]) == 20


def test_an_empty_catalogue_is_no_fault(cache):
    add(cache, OddNumbers())
    for number in range(20):
        cache.index.put_video(Video(video_id=f"v{number}", title="T", hidden=True))
    assert control(cache)[1] == set()
