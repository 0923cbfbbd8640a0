"""Simulated users with hidden tag preferences who react to the videos they are shown.

Each user likes two or three tags a lot and the others a little; users of the same taste group share preferences. A
reaction depends only on the video's tags, so that a good recommender can learn it and the share of likes rises. All
random draws come from one seed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.model.catalogue import Video
from recomind.model.ids import UserId, VideoId

TAGS: Final = (
    *("funny", "meme", "dance", "music", "cat", "dog", "football", "basketball", "cooking", "baking"),
    *("travel", "nature", "gaming", "speedrun", "science", "space", "fashion", "makeup", "diy", "cars"),
)
TASTE_GROUPS: Final = 5

TITLE_WORDS: Final = (
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
    """Users, videos, and the users' reactions to them."""

    def __init__(self, users: int = 60, videos: int = 400, seed: int = 7) -> None:
        self._draw = np.random.default_rng(seed)
        self.users = [UserId(f"u{number}") for number in range(1, users + 1)]
        self.videos = list(_videos(videos, self._draw))
        self._by_id: dict[str, Video] = {video.video_id: video for video in self.videos}
        self._tag_preferences: dict[str, NDArray[np.float64]] = dict(
            zip(self.users, _tag_preferences(users, self._draw), strict=True)
        )

    def pick_user(self) -> UserId:
        """A random user."""
        return self.users[self._draw.integers(len(self.users))]

    def pick_video(self) -> VideoId:
        """A random video."""
        return self.videos[self._draw.integers(len(self.videos))].video_id

    def react(self, user_id: str, video_id: str) -> str:
        """The user's reaction to the video: `like`, `view` or `skip`."""
        video = self._by_id.get(video_id)
        probability = self.like_probability(user_id, video.tags) if video else 0.0
        draw = self._draw.random()
        return "like" if draw < probability else "view" if draw < probability + 0.15 else "skip"

    def like_probability(self, user_id: str, tags: Sequence[str]) -> float:
        """Probability that the user likes a video with these tags."""
        preferences = self._tag_preferences[user_id]
        return float(max((preferences[TAGS.index(tag)] for tag in tags if tag in TAGS), default=0.0))


def _videos(count: int, draw: np.random.Generator) -> Iterator[Video]:
    for number in range(1, count + 1):
        first = int(draw.integers(len(TAGS)))
        tags = tuple(dict.fromkeys((TAGS[first], TAGS[first ^ 1] if draw.random() < 0.5 else TAGS[draw.integers(20)])))
        title = f"{TITLE_WORDS[draw.integers(len(TITLE_WORDS))]} {' and '.join(tags)} #{number}"
        yield Video(
            video_id=VideoId(f"v{number}"),
            title=title,
            url=f"https://example.com/watch/v{number}",
            tags=tags,
            creator_id=f"c{draw.integers(1, 41)}",
            created_at=1_700_000_000.0 + 3600 * number,
        )


def _tag_preferences(count: int, draw: np.random.Generator) -> Iterator[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    group_tags = [draw.choice(len(TAGS), 4, replace=False) for _ in range(TASTE_GROUPS)]
    for number in range(count):
        taste = draw.uniform(0.0, 0.08, len(TAGS))
        taste[draw.choice(group_tags[number % TASTE_GROUPS], 3, replace=False)] = draw.uniform(0.55, 0.9, 3)
        yield taste
