"""Simulated users with hidden tag preferences who react to the videos they are shown.

An `Audience` and its videos stay as they are. In a `Community` videos arrive all the time and tastes change, so that
what is worth being shown never runs out.

Each user likes two or three tags a lot and the others a little; users of the same taste group share preferences. A
reaction depends only on the video's tags, so that a good recommender can learn it and the share of likes rises. All
random draws come from one seed.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.model.catalogue import Video
from recomind.model.ids import UserId, VideoId

TAGS: Final = (
    *("funny", "meme", "dance", "music", "cat", "dog", "football", "basketball", "cooking", "baking"),
    *("travel", "nature", "gaming", "speedrun", "science", "space", "fashion", "makeup", "diy", "cars"),
)
TASTE_GROUPS: Final = 5

WEAK_INTEREST: Final = 0.1
"""Users who like a tag more than this call it a favourite."""

WORTH: Final = (0.6, 1.1)
"""Least and greatest factor by which a video of a `Community` is liked more or less than its tags say."""

FIRST_VIDEOS_DAYS: Final = 20.0
"""The first videos of a `Community` were uploaded in so many days."""

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
        probability = self.like_probability(user_id, video) if video else 0.0
        draw = self._draw.random()
        return "like" if draw < probability else "view" if draw < probability + 0.15 else "skip"

    def like_probability(self, user_id: str, video: Video) -> float:
        """Probability that the user likes a video: that of the tag that they like most."""
        preferences = self._tag_preferences[user_id]
        return float(max((preferences[TAGS.index(tag)] for tag in video.tags if tag in TAGS), default=0.0))


class Community(Audience):
    """An audience in a world that goes on: videos are uploaded, tastes change, and nobody likes a video twice.

    Users know nothing but their own taste: whether they like a video follows from its tags and its worth alone.
    """

    def __init__(self, users: int = 600, videos: int = 400, seed: int = 7, now: float = 0.0) -> None:
        """Create users, and videos that were uploaded in the weeks before `now`, epoch seconds."""
        super().__init__(users, videos, seed)
        self._worth: dict[str, float] = {}
        self._known: dict[str, set[str]] = {user: set() for user in self.users}
        ages = np.sort(self._draw.uniform(0.0, FIRST_VIDEOS_DAYS * 86_400.0, videos))[::-1].tolist()
        dated = [msgspec.structs.replace(one, created_at=now - age) for one, age in zip(self.videos, ages, strict=True)]
        self.videos = []
        for video in dated:
            self._add(video)

    def upload(self, now: float) -> Video:
        """A new video, uploaded now (epoch seconds)."""
        [made] = _videos(1, self._draw, first=len(self.videos) + 1)
        video = msgspec.structs.replace(made, created_at=now)
        self._add(video)
        return video

    def change_taste(self) -> None:
        """Have a random user lose interest in a favourite tag and find another."""
        taste = self._tag_preferences[self.pick_user()]
        lost, found = self._draw.choice(np.flatnonzero(taste > WEAK_INTEREST)), self._draw.integers(len(TAGS))
        taste[lost], taste[found] = taste[found], taste[lost]

    def react(self, user_id: str, video_id: str) -> str:
        """The user's reaction to the video: `like`, `view` or `skip`; always `skip` to one that is shown again."""
        if video_id in self._known[user_id]:
            return "skip"
        self._known[user_id].add(video_id)
        return super().react(user_id, video_id)

    def like_probability(self, user_id: str, video: Video) -> float:
        """Probability that the user likes a video: the more, the more the video is worth."""
        return super().like_probability(user_id, video) * self._worth[video.video_id]

    def _add(self, video: Video) -> None:
        self.videos.append(video)
        self._by_id[video.video_id] = video
        self._worth[video.video_id] = float(self._draw.uniform(*WORTH))


def _videos(count: int, draw: np.random.Generator, first: int = 1) -> Iterator[Video]:
    for number in range(first, first + count):
        tag = int(draw.integers(len(TAGS)))
        tags = tuple(dict.fromkeys((TAGS[tag], TAGS[tag ^ 1] if draw.random() < 0.5 else TAGS[draw.integers(20)])))
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
