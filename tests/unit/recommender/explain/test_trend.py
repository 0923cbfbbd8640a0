"""Trends: counts in a window, likes per hour, rising or falling."""

from recomind.model.catalogue import VideoSummary
from recomind.recommender.explain.trend import trend
from recomind.state.popularity import Counts, Popularity

NOW = 36_000_000.0  # a whole hour
VIDEO = VideoSummary("v", "V", "https://x", ("t",))


def test_the_current_like_rate_is_measured_over_the_latest_sixth():
    minute = int(NOW // 60)
    rising = Popularity(minutes={minute: Counts(3, 1, 0), minute - 30: Counts(3, 0, 2), minute - 70: Counts(9, 0, 0)})
    found = trend(VIDEO, rising, "1h", NOW)
    assert (found.likes, found.views, found.skips) == (6, 1, 2)
    assert (found.likes_per_hour, found.rising) == (18.0, 3.0)
    hour = int(NOW // 3600)
    falling = Popularity(hours={hour - 20: Counts(8, 0, 0), hour - 2: Counts(1, 0, 0)})
    assert trend(VIDEO, falling, "24h", NOW).rising == 0.67
    assert trend(VIDEO, Popularity(), "7d", NOW).rising == 0.0
