"""An audience to try RecoMind on: people with hidden tastes who react to what they are shown.

Each person likes two or three of the tags a lot and some a little; neighbours in the list of people share tastes.
What a person does with a video follows from its tags alone, so that a good recommender finds out, and the share of
likes rises. Everything is drawn from a seed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from recomind.model.catalogue import Video

TAGS: Final = (
    *("funny", "meme", "dance", "music", "cat", "dog", "football", "basketball", "cooking", "baking"),
    *("travel", "nature", "gaming", "speedrun", "science", "space", "fashion", "makeup", "diy", "cars"),
)
CIRCLES: Final = 5
"""How many circles of taste there are."""

WORDS: Final = (
    "Best",
    "Wild",
    "Tiny",
    "Late night",
    "Summer",
    "One minute",
    "Secret",
    "Unexpected",
    "Classic",
    "Street",
)


class Audience:
    """People, videos, and what they make of each other."""

    def __init__(self, people: int = 60, videos: int = 400, seed: int = 7) -> None:
        self._draw = np.random.default_rng(seed)
        self.people = [f"u{number}" for number in range(1, people + 1)]
        self.videos = list(_videos(videos, self._draw))
        self._by_id = {video.video_id: video for video in self.videos}
        self._tastes = dict(zip(self.people, _tastes(people, self._draw), strict=True))

    def pick_person(self) -> str:
        """Who opens the app next."""
        return self.people[self._draw.integers(len(self.people))]

    def pick_video(self) -> str:
        """A video found without a recommendation."""
        return self.videos[self._draw.integers(len(self.videos))].video_id

    def react(self, user_id: str, video_id: str) -> str:
        """What the person does with the video: `like`, `view` or `skip`."""
        video = self._by_id.get(video_id)
        joy = self.joy(user_id, video.tags) if video else 0.0
        draw = self._draw.random()
        return "like" if draw < joy else "view" if draw < joy + 0.15 else "skip"

    def joy(self, user_id: str, tags: Sequence[str]) -> float:
        """How likely the person is to like a video with these tags, in [0, 1]."""
        taste = self._tastes[user_id]
        return float(max((taste[TAGS.index(tag)] for tag in tags if tag in TAGS), default=0.0))


def _videos(count: int, draw: np.random.Generator) -> Iterator[Video]:
    for number in range(1, count + 1):
        first = int(draw.integers(len(TAGS)))
        tags = tuple(dict.fromkeys((TAGS[first], TAGS[first ^ 1] if draw.random() < 0.5 else TAGS[draw.integers(20)])))
        title = f"{WORDS[draw.integers(len(WORDS))]} {' and '.join(tags)} #{number}"
        yield Video(
            video_id=f"v{number}",
            title=title,
            url=f"https://example.com/watch/v{number}",
            tags=tags,
            creator_id=f"c{draw.integers(1, 41)}",
            created_at=1_700_000_000.0 + 3600 * number,
        )


def _tastes(count: int, draw: np.random.Generator) -> Iterator[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    circles = [draw.choice(len(TAGS), 4, replace=False) for _ in range(CIRCLES)]
    for number in range(count):
        taste = draw.uniform(0.0, 0.08, len(TAGS))
        taste[draw.choice(circles[number % CIRCLES], 3, replace=False)] = draw.uniform(0.55, 0.9, 3)
        yield taste
