"""Trending by window and tag: lists kept like by like, counts and speed."""

from recomind.model.catalogue import Card
from recomind.recommender.explain.trend import trend
from recomind.recommender.index.windowed_top import KEEP, Leaders
from recomind.state.popularity import NOTHING, Counts, Popularity

NOW = 36_000_000.0  # a whole hour
CARD = Card("v", "V", "https://x", ("t",))


def scores(value):
    return (value,) * len(NOTHING)


def test_a_list_has_the_most_liked_first_and_only_tags_that_changed_are_told():
    leaders = Leaders()
    leaders.put("a", scores(1.0), ("cat",))
    leaders.put("b", scores(2.0), ("cat", "dog"))
    changes = leaders.changes()
    assert changes.keys() == {"", "cat", "dog"}
    assert changes["cat"]["24h"] == changes[""]["1h"] == [("b", 2.0), ("a", 1.0)]
    assert changes["dog"]["7d"] == [("b", 2.0)]
    assert leaders.changes() == {}
    leaders.put("a", scores(3.0), ())
    assert leaders.changes() == {"": {name: [("a", 3.0), ("b", 2.0)] for name in ("1h", "24h", "7d")}}


def test_each_window_has_its_own_order():
    leaders = Leaders()
    leaders.put("sudden", (9.0, 5.0, 1.0, 1.0, 1.0), ())
    leaders.put("steady", (2.0, 2.0, 2.0, 2.0, 2.0), ())
    [lists] = leaders.changes().values()
    assert [lists[name][0][0] for name in ("1h", "24h", "7d")] == ["sudden", "steady", "steady"]


def test_a_list_stays_short_and_keeps_the_best():
    leaders = Leaders()
    for number in range(10 * KEEP):
        leaders.put(f"v{number}", scores(float(number % 7 * 1000 + number)), ())
    best = sorted(range(10 * KEEP), key=lambda number: -(number % 7 * 1000 + number))[:KEEP]
    assert [video for video, _ in leaders.changes()[""]["1h"]] == [f"v{number}" for number in best]


def test_speed_is_measured_over_the_latest_sixth():
    minute = int(NOW // 60)
    rising = Popularity(minutes={minute: Counts(3, 1, 0), minute - 30: Counts(3, 0, 2), minute - 70: Counts(9, 0, 0)})
    found = trend(CARD, rising, "1h", NOW)
    assert (found.likes, found.views, found.skips) == (6, 1, 2)
    assert (found.likes_per_hour, found.rising) == (18.0, 3.0)
    hour = int(NOW // 3600)
    falling = Popularity(hours={hour - 20: Counts(8, 0, 0), hour - 2: Counts(1, 0, 0)})
    assert trend(CARD, falling, "24h", NOW).rising == 0.67
    assert trend(CARD, Popularity(), "7d", NOW).rising == 0.0
