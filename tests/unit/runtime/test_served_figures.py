"""Counting what was shown and what came of it: which list an action belongs to, and what counts once."""

import numpy as np
import pytest

from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.recommender.place_sources import BITS, DRAWN
from recomind.runtime import served_counts
from recomind.runtime.served_figures import GRACE_S, ServedFigures
from recomind.runtime.served_quality import quality_of
from recomind.state.profile import Profile, video_hash
from recomind.state.served_lists import MAX_LISTS_PER_USER, WINDOW_S
from recomind.stores.served_statistics import StoredCounts

NOW = 1_700_000_000.0


class Counting:
    """Figures whose clock moves only when told."""

    def __init__(self):
        self.time, self.offset = 0.0, 0
        self.figures = ServedFigures(lambda: self.time)

    def serve(self, videos, at=0.0, *, user="u", list_id=None, seen=(), logged=0.15, partition=0, **fields):
        fields = {"place_sources": b"", "is_control": False, **fields}
        event = ServedListEvent(list_id or f"l{at}", user, 5.0, 1, tuple(videos), handed_out_at=NOW + at, **fields)
        packed = b"".join(video_hash(one).to_bytes(4, "little") for one in seen)
        self.offset += 1
        self.figures.add_list(partition, self.offset, NOW + at + logged, event, Profile(seen=packed))

    def act(self, video, at, kind="like", *, user="u", is_new=True, partition=0):
        self.figures.add_action(partition, NOW + at, Action(user, video, kind, 5.0), is_new=is_new)

    def quality(self, later=0.0):
        self.time += GRACE_S
        self.figures.attribute_due()
        recent, day = (quality_of(served_counts.named(one)) for one in self.figures.windows(NOW + 1 + later))
        self.day = day
        return recent


@pytest.fixture
def counting():
    return Counting()


def test_likes_are_counted_against_all_places_that_were_shown(counting):
    counting.serve("abcde")
    counting.act("b", 1.0)
    counting.act("c", 1.1, "view")
    counting.act("d", 1.2, "skip")
    found = counting.quality()
    assert (found.lists, found.shown, found.like_rate, found.acted_on) == (1, 5, 0.2, 0.6)
    assert (found.like_rate_of_acted_on, found.lists_with_a_like, found.hit_rate) == (0.3333, 1.0, 1.0)
    assert found.by_place["2"].like_rate == 1.0
    assert found.by_place["1"].like_rate == 0.0


def test_an_action_that_is_read_before_the_event_of_its_list_counts_for_it(counting):
    counting.act("a", 0.02)
    counting.serve("ab", logged=0.2)
    assert counting.quality().like_rate == 0.5


def test_an_action_from_before_a_list_is_no_outcome_of_it_and_its_video_is_a_repeat(counting):
    counting.act("a", -0.05)
    counting.serve("ab", seen="a")
    found = counting.quality()
    assert (found.like_rate, found.repeats, found.hit_rate) == (0.0, 0.5, None)


def test_a_video_acted_on_after_the_list_is_no_repeat_though_the_profile_holds_it_already(counting):
    counting.act("a", 0.02)
    counting.serve("ab", seen="a")
    assert counting.quality().repeats == 0.0


def test_a_view_and_then_a_like_of_a_place_are_one_place_acted_on_and_one_like(counting):
    counting.serve("ab")
    for kind, is_new in (("view", True), ("like", False), ("like", False)):
        counting.act("a", 1.0, kind, is_new=is_new)
    found = counting.quality()
    assert (found.acted_on, found.like_rate) == (0.5, 0.5)


def test_an_outcome_counts_for_the_latest_list_with_its_video(counting):
    counting.serve("ab", 0.0)
    counting.serve("bc", 10.0)
    counting.act("b", 20.0)
    counting.act("a", 21.0)
    found = counting.quality(later=30)
    assert found.by_place["1"].like_rate == 1.0
    assert found.by_place["2"].like_rate == 0.0


def test_each_list_is_scored_once_by_the_first_like_after_it(counting):
    counting.serve("ab", 0.0)
    counting.act("elsewhere", 1.0)
    counting.act("a", 2.0)
    counting.serve("cd", 10.0)
    counting.act("d", 11.0)
    assert counting.quality(later=30).hit_rate == 0.5


def test_a_like_beyond_the_tenth_place_is_no_hit(counting):
    counting.serve([f"v{place}" for place in range(12)])
    counting.act("v10", 1.0)
    found = counting.quality()
    assert (found.hit_rate, found.by_place["11 and later"].shown) == (0.0, 2)


def test_a_list_that_is_handed_out_again_unchanged_shows_repeats(counting):
    counting.serve("ab", 0.0, list_id="same")
    counting.act("a", 1.0)
    counting.quality()
    counting.serve("ab", 5.0, list_id="same", seen="a")
    counting.act("a", 6.0, "skip", is_new=False)
    counting.act("b", 7.0)
    found = counting.quality(later=10)
    assert (found.lists, found.shown, found.like_rate, found.acted_on, found.repeats) == (2, 4, 0.5, 0.75, 0.25)


def test_an_event_that_is_delivered_again_counts_once(counting):
    counting.serve("ab")
    counting.offset -= 1
    counting.serve("ab", list_id="other")
    assert counting.quality().lists == 1


def test_an_action_long_after_the_list_is_no_outcome(counting):
    counting.serve("ab")
    counting.act("a", WINDOW_S + 1)
    assert counting.quality(later=WINDOW_S + 2).hit_rate is None
    assert counting.day.like_rate == 0.0


def test_sources_and_drawn_places_are_told_apart(counting):
    tags, both, drawn = 1 << BITS["tags"], 1 << BITS["tags"] | 1 << BITS["trending"], 1 << DRAWN | 1 << BITS["fresh"]
    counting.serve("abc", place_sources=np.array([tags, both, drawn], "<u2").tobytes())
    counting.act("b", 1.0)
    found = counting.quality()
    assert {name: (one.shown, one.like_rate) for name, one in found.by_source.items()} == {
        "trending": (1, 1.0),
        "tags": (2, 0.5),
        "fresh": (1, 0.0),
    }
    assert (found.explored.shown, found.explored_share, found.not_explored.like_rate) == (1, 0.3333, 0.5)
    assert found.exploration_cost == pytest.approx(0.1667, abs=1e-4)


def test_the_control_group_counts_apart(counting):
    counting.serve("ab", is_control=True)
    counting.act("a", 1.0)
    found = counting.quality()
    assert (found.control.shown, found.control.like_rate, found.shown, found.hit_rate) == (2, 0.5, 0, None)


def test_the_short_period_ends_after_a_quarter_of_an_hour_and_the_long_one_after_a_day(counting):
    counting.serve("ab")
    assert counting.quality(later=13 * 60).lists == 1
    assert counting.quality(later=17 * 60).lists == 0
    assert counting.day.lists == 1
    counting.quality(later=25 * 3600)
    assert counting.day.lists == 0


def test_another_worker_goes_on_from_what_was_stored(counting):
    counting.serve("ab")
    counting.act("a", 1.0)
    counting.quality(later=16 * 60)
    counting.serve("cd", 16 * 60)
    stored, impressions = counting.figures.partitions[0].stored(), counting.figures.impressions.packed(0)
    other = Counting()
    other.figures.adopt(0, stored, impressions)
    other.offset = counting.offset - 1
    other.serve("cd", 16 * 60)
    assert other.quality(later=17 * 60).lists == 1
    assert (other.day.lists, other.day.like_rate) == (2, 0.25)
    assert len(other.figures.impressions.packed(0)) == len(impressions)
    assert StoredCounts().minutes == {}


def test_lists_of_lost_partitions_and_erased_users_are_dropped(counting):
    counting.serve("ab", partition=1)
    counting.serve("ab", user="w")
    counting.figures.erase("w")
    counting.figures.retain_partitions({0})
    counting.act("a", 1.0, user="w")
    counting.act("a", 1.0, partition=1)
    assert (counting.quality().shown, counting.quality().like_rate) == (2, 0.0)


def test_the_latest_lists_of_a_user_are_known_whatever_the_order_in_which_they_are_read(counting):
    for number in reversed(range(MAX_LISTS_PER_USER + 1)):
        counting.serve([f"v{number}"], 10.0 * number, logged=100)
    for number in range(MAX_LISTS_PER_USER + 1):
        counting.act(f"v{number}", 100.0 + number)
    assert counting.quality(later=200).like_rate == MAX_LISTS_PER_USER / (MAX_LISTS_PER_USER + 1)


def test_an_action_counts_for_its_list_also_if_newer_lists_follow_before_it_is_counted(counting):
    counting.serve("ab", 0.0)
    counting.act("a", 0.1)
    for number in range(MAX_LISTS_PER_USER):
        counting.serve("xy", 0.2 + 0.1 * number)
    assert counting.quality(later=200).like_rate == 1 / (2 + 2 * MAX_LISTS_PER_USER)


def test_counts_of_workers_add_up(counting):
    counting.serve("ab")
    one = served_counts.named(counting.figures.windows(NOW + 1)[0])
    both = served_counts.total([one, one, {"lists": (1, 0, 0)}])
    assert (both["lists"], both["ranked"]) == ((3, 0, 0), (4, 0, 0))
