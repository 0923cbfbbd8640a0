"""How a video trends: what was done with it in a window, how fast, and whether it rises."""

from typing import Final

from recomind.model.catalogue import Card
from recomind.model.responses import Trend
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.state.popularity import HOUR, Popularity, window

PART: Final = 6
"""Speed is measured over the latest sixth of a window."""

RISING: Final = 1.3
"""A speed so many times the whole window's is called rising, one below its inverse falling."""

SPOKEN: Final = {"1h": "in the last hour", "24h": "in the last day", "7d": "in the last week"}
"""The windows in words."""


def trend(card: Card, popularity: Popularity, name: str, now: float) -> Trend:
    """How a video trends in the window called `name` before `now`."""
    whole, latest = (window(popularity, seconds, now) for seconds in (WINDOWS[name], WINDOWS[name] / PART))
    per_hour = latest.likes / (WINDOWS[name] / PART / HOUR)
    rising = latest.likes * PART / whole.likes if whole.likes else 0.0
    counts = whole.likes, whole.views, whole.skips
    return Trend(card.video_id, card.title, card.url, card.tags, *counts, round(per_hour, 2), round(rising, 2))


def in_words(one: Trend, name: str) -> str:
    """A trend in the window called `name`, as people read it.

    >>> in_words(Trend("v", "V", "", (), 12, 0, 0, 1.5, 2.0), "24h")
    '12 likes in the last day, 1.5 an hour and rising'
    """
    course = "rising" if one.rising > RISING else "falling" if one.rising < 1 / RISING else "steady"
    likes = f"{one.likes:,} like{'s' * (one.likes != 1)} {SPOKEN[name]}"
    return f"{likes}, {one.likes_per_hour:g} an hour and {course}"
