"""A simulated world with known like probabilities: users, videos, sessions, and reactions to videos that are shown.

Videos have tags, a creator, a quality and latent factors. Users have latent factors (tastes), some of which change.
Videos are uploaded all the time. The log odds of a like are the product of both factors plus the quality, and, in a
world with contexts, what the country and the quarter of the day add for the tags. Whether a user likes a video is fixed
by the seed, whatever recommends it, so all recommenders meet the same random outcomes.
"""

from collections.abc import Iterator
from math import exp, log
from typing import Final, NamedTuple

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.ids import VideoId
from recomind.model.local_context import HOURS_PER_QUARTER, QUARTERS
from recomind.recommender.index.columns import Floats

DAY_S: Final = 86_400.0
START: Final = 1_750_000_000.0
"""Event time of the first session, epoch seconds."""

TAGS: Final = 30
DIMENSIONS: Final = 12
"""Of the latent factors of users and videos."""

MATCH_LOG_ODDS: Final = 5.0
"""Difference in log odds between a perfect match of both factors and none."""

QUALITY_DEVIATION: Final = 0.8
SECONDS_PER_VIDEO: Final = 12.0
SESSIONS_PER_DAY: Final = 4.0
PAGES_PER_SESSION: Final = (1, 5)
"""At least, and less than."""


DURATION_MS: Final = 15_000.0
"""Median duration of a video."""

HOLD_DEVIATION: Final = 0.8
"""Standard deviation of how well videos hold their viewers, in log odds of the share watched."""

WATCH_LOG_ODDS: Final = -0.8
"""Log odds of the share that is watched of a video of median duration that does not match."""

WATCH_MATCH: Final = 2.0
"""What a perfect match of both factors adds."""

PATIENCE: Final = 0.5
"""What a duration that is e times as long takes off."""

WATCH_NOISE: Final = 0.8
"""Standard deviation of what nobody can know."""

COUNTRIES: Final = ("DE", "FR", "IT", "JP", "US")

HOUR_DEVIATION: Final = 2.0
"""Standard deviation of the hours at which a user comes, in a world with contexts."""

SKIP_MS: Final = 2_000
"""A video that was watched for less is skipped."""


class Size(NamedTuple):
    """How large a world is, and what it is like."""

    users: int = 200
    videos: int = 1_500
    uploads_per_day: int = 90
    days: int = 4
    untagged: float = 0.3
    """Share of a video's latent factors that its tags do not explain."""
    drift_per_day: float = 0.05
    """Share of the users whose taste changes in a day."""
    like_share: float = 0.1
    """Mean probability of a like of a random video."""
    watch_times: bool = False
    """Whether actions say how long the video was watched; then a skip is what was watched for less than 2 s."""
    context: float = 0.0
    """Standard deviation of what a country, and a quarter of the day, add to the log odds of a like of a tag."""


class Watch(NamedTuple):
    """How long a video was watched."""

    watched_ms: int
    duration_ms: int

    @property
    def share(self) -> float:
        """The share of the video that was watched."""
        return self.watched_ms / self.duration_ms


class Context(NamedTuple):
    """Where a user is, and when."""

    country: str
    """ISO 3166-1 code."""
    local_hour: int
    """From 0 to 23."""


class Visit(NamedTuple):
    """A page that a user opens."""

    at: float
    """Event time, epoch seconds."""
    user: int


class World:
    """A world from a seed."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size, self.seed = size, seed
        self._draw = draw = np.random.default_rng(seed)
        total = size.videos + size.uploads_per_day * size.days
        self._tag_factors = _unit(draw.normal(size=(TAGS, DIMENSIONS)))
        uploads = np.sort(draw.uniform(0, size.days * DAY_S, total - size.videos))
        self.created_at = START + np.concatenate([-draw.exponential(5 * DAY_S, size.videos), uploads])
        self._tags = [np.unique(draw.integers(0, TAGS, draw.integers(1, 4))) for _ in range(total)]
        tagged = _unit(np.array([self._tag_factors[tags].sum(axis=0) for tags in self._tags]))
        own = _unit(draw.normal(size=(total, DIMENSIONS)))
        self._video_factors = np.sqrt(1 - size.untagged) * tagged + np.sqrt(size.untagged) * own
        self._creators = draw.integers(0, max(10, total // 25), total)
        self._quality = draw.normal(0, QUALITY_DEVIATION, total)
        self._user_factors = np.array([self._new_interests() for _ in range(size.users)])
        self._offset = self._calibrate()
        more = np.random.default_rng((seed, 2))  # a stream of its own: the rest of the world is as without watch times
        self._durations_ms = np.clip(more.lognormal(log(DURATION_MS), 0.8, total), 3_000, 180_000).astype(int)
        self._hold = more.normal(0, HOLD_DEVIATION, total)
        local = np.random.default_rng((seed, 3))
        self._by_country = local.normal(0, size.context, (len(COUNTRIES), TAGS))
        self._by_quarter = local.normal(0, size.context, (QUARTERS, TAGS))
        self._countries = local.integers(0, len(COUNTRIES), size.users)
        self._usual_hours = local.uniform(0, 24, size.users)
        self._tag_shares = np.zeros((total, TAGS))
        for number, tags in enumerate(self._tags):
            self._tag_shares[number, tags] = 1 / len(tags)

    def videos(self, start: int, stop: int) -> Iterator[Video]:
        """Catalogue entries by number."""
        for number in range(start, min(stop, len(self.created_at))):
            yield Video(
                video_id=VideoId(f"v{number}"),
                title=f"Video {number}",
                tags=tuple(f"t{tag}" for tag in self._tags[number].tolist()),
                creator_id=f"c{self._creators[number]}",
                created_at=float(self.created_at[number]),
            )

    def visits(self) -> list[Visit]:
        """All pages that are opened, in order of time."""
        size, draw = self.size, np.random.default_rng(self.seed + 1)
        found = []
        for user, activity in enumerate(draw.lognormal(0, 0.7, size.users)):
            for _ in range(draw.poisson(SESSIONS_PER_DAY * size.days * activity / 1.28)):  # the mean of this lognormal
                at = START + draw.uniform(0, size.days * DAY_S)
                if size.context:
                    hour = (self._usual_hours[user] + draw.normal(0, HOUR_DEVIATION)) % 24
                    at += hour * 3600 - (at - START) % DAY_S
                pages = int(draw.integers(*PAGES_PER_SESSION))
                found += [Visit(at + page * 5 * SECONDS_PER_VIDEO, user) for page in range(pages)]
        return sorted(found)

    def change_interests(self, share: float) -> None:
        """Give a share of the users another taste."""
        for user in np.flatnonzero(self._draw.random(self.size.users) < share):
            self._user_factors[user] = self._new_interests()

    def context(self, user: int, at: float) -> Context:
        """Where a user is at a time, epoch seconds, and the hour there: days begin with the world."""
        return Context(COUNTRIES[self._countries[user]], int((at - START) % DAY_S // 3600))

    def like_probability(self, user: int, videos: slice | int, at: float | None = None) -> Floats:
        """The probability that a user likes videos at a time, epoch seconds; None for the one without any context."""
        log_odds = (
            self._video_factors[videos] @ self._user_factors[user] * MATCH_LOG_ODDS
            + self._quality[videos]
            + self._offset
        )
        if at is not None and self.size.context:
            quarter = self.context(user, at).local_hour // HOURS_PER_QUARTER
            log_odds += self._tag_shares[videos] @ (self._by_country[self._countries[user]] + self._by_quarter[quarter])
        found: Floats = 1 / (1 + np.exp(-log_odds))
        return found

    def reaction(self, user: int, video: int, at: float | None = None) -> str:
        """What a user does with a video that is shown at a time, epoch seconds: `like`, `view` or `skip`."""
        if self.size.watch_times and not self._is_liked(user, video, at):
            return "skip" if self.watch(user, video).watched_ms < SKIP_MS else "view"
        probability = float(self.like_probability(user, video, at))
        luck = float(np.random.default_rng((self.seed, user, video)).random())
        if luck < probability:
            return "like"
        return "view" if luck < probability + (1 - probability) * (0.25 + 0.5 * probability) else "skip"

    def watch(self, user: int, video: int) -> Watch:
        """How long a user watches a video that is shown, fixed by the seed.

        The log odds of the share watched are those of a match of both factors, of how well the video holds its viewers,
        which is independent of how well it is liked, and of the user's patience with its duration.
        """
        duration = int(self._durations_ms[video])
        match = float(self._video_factors[video] @ self._user_factors[user])
        luck = float(np.random.default_rng((self.seed, user, video, 1)).normal(0, WATCH_NOISE))
        long = log(duration / DURATION_MS)
        log_odds = WATCH_LOG_ODDS + WATCH_MATCH * match + self._hold[video] - PATIENCE * long + luck
        return Watch(round(duration / (1 + exp(-log_odds))), duration)

    def watch_share(self, user: int, videos: slice) -> Floats:
        """The expected share of videos that a user watches, but for luck."""
        long = np.log(self._durations_ms[videos] / DURATION_MS)
        match = self._video_factors[videos] @ self._user_factors[user]
        found: Floats = 1 / (1 + np.exp(-(WATCH_LOG_ODDS + WATCH_MATCH * match + self._hold[videos] - PATIENCE * long)))
        return found

    def _is_liked(self, user: int, video: int, at: float | None) -> bool:
        luck = float(np.random.default_rng((self.seed, user, video)).random())
        return luck < float(self.like_probability(user, video, at))

    def _new_interests(self) -> Floats:
        favourites = self._tag_factors[self._draw.choice(TAGS, 3, replace=False)].sum(axis=0)
        taste: Floats = _unit(favourites[None, :])[0]
        return taste

    def _calibrate(self) -> float:
        """The offset of the log odds with which a random video is liked by `like_share`."""
        draw, low, high = np.random.default_rng(1), -15.0, 5.0
        users, videos = (
            draw.integers(0, len(self._user_factors), 5_000),
            draw.integers(0, len(self._video_factors), 5_000),
        )
        log_odds = (
            MATCH_LOG_ODDS * (self._user_factors[users] * self._video_factors[videos]).sum(axis=1)
            + self._quality[videos]
        )
        for _ in range(50):
            middle = (low + high) / 2
            is_low = (1 / (1 + np.exp(-log_odds - middle))).mean() < self.size.like_share
            low, high = (middle, high) if is_low else (low, middle)
        return low


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found
