"""How a video trends in a window: counts, likes per hour, and whether it rises."""

from typing import Final

from recomind.model.catalogue import VideoSummary
from recomind.model.responses import TrendingVideo
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.state.popularity import HOUR_S, Popularity, window_counts

WINDOW_PARTS: Final = 6
"""The current like rate is measured over the latest one of this many equal parts of a window."""

RISING_RATIO: Final = 1.3
"""A video rises if its current like rate is above this many times the window's, and falls below the inverse."""

WINDOW_PHRASES: Final = {"1h": "in the last hour", "24h": "in the last day", "7d": "in the last week"}

PART_PHRASES: Final = {"1h": "10 minutes", "24h": "4 hours", "7d": "28 hours"}


def trend(video: VideoSummary, popularity: Popularity, window: str, now: float) -> TrendingVideo:
    """How a video trends in a window before `now`; `window` is a name in `WINDOWS`."""
    seconds = WINDOWS[window]
    part = seconds / WINDOW_PARTS
    whole, latest = (window_counts(popularity, length, now) for length in (seconds, part))
    per_hour = latest.likes / (part / HOUR_S)
    rising = latest.likes * WINDOW_PARTS / whole.likes if whole.likes else 0.0
    details = video.video_id, video.title, video.url, video.tags
    return TrendingVideo(*details, whole.likes, whole.views, whole.skips, round(per_hour, 2), round(rising, 2))


def describe_trend(video: TrendingVideo, window: str) -> str:
    """A trend in a window, as text for users.

    >>> describe_trend(TrendingVideo("v", "V", "", (), 12, 0, 0, 1.5, 2.0), "24h")
    '12 likes in the last day, 6 of them in the last 4 hours: rising'
    """
    direction = "rising" if video.rising > RISING_RATIO else "falling" if video.rising < 1 / RISING_RATIO else "steady"
    likes = f"{video.likes:,} like{'s' * (video.likes != 1)} {WINDOW_PHRASES[window]}"
    part_hours = WINDOWS[window] / WINDOW_PARTS / HOUR_S
    latest = round(video.likes_per_hour * part_hours)
    return f"{likes}, {latest:,} of them in the last {PART_PHRASES[window]}: {direction}"
