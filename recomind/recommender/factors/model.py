"""The factor model: a Bayesian bilinear logistic regression of outcomes, updated by each of them.

The score of a video for a user is the log odds of a like when the video is shown:

    z = b + b_user + b_video + b_creator + mean of b_tag + p_user . (q_video + mean of e_tag)

Every parameter is an independent Gaussian. One outcome y (1 for a like, else 0) updates all of them by a step of the
extended Kalman filter. With v the variance of z, P = sigmoid(z / sqrt(1 + pi v / 8)) (MacKay, 1992) and h = P (1 - P):

    mean     += variance * gradient * (y - P) / (1 + h v)
    variance -= variance^2 * gradient^2 * h / (1 + h v)

The bilinear form with features of items is that of Stern, Herbrich and Graepel, "Matchbox" (WWW 2009). Parameters that
are certain move little and those of new videos and users move much, so there is no learning rate to choose.
"""

from math import exp, pi, sqrt
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from recomind.recommender.factors.gaussians import FACTORS, MAX_GAIN, WIDTH, Gaussians, Singles, increments
from recomind.recommender.index.columns import Columns, Rows

DAY_S: Final = 86_400.0

USER_DEVIATION: Final = 1.0
VIDEO_DEVIATION: Final = 0.35
TAG_DEVIATION: Final = 0.35
"""Prior standard deviations of a factor."""

USER_BIAS_DEVIATION: Final = 0.5
VIDEO_BIAS_DEVIATION: Final = 0.7
TAG_BIAS_DEVIATION: Final = 0.3
CREATOR_BIAS_DEVIATION: Final = 0.5
COMMON_BIAS_DEVIATION: Final = 1.0
"""Prior standard deviations of a bias, in log odds."""

PRIOR_LOG_ODDS: Final = -2.2
"""Of a like, before the first outcome: one video in ten."""

USER_DRIFT_PER_DAY: Final = 0.02
"""Share of the prior variance that a user's factors regain in a day, as tastes change."""

MAX_EXPONENT: Final = 700.0
"""Floats end at exp(709)."""

MIN_CURVATURE: Final = 0.02
"""Lower bound of h, so that an outcome that was nearly certain still counts."""

_USER_PRIOR: Final = np.array([USER_DEVIATION**2] * FACTORS + [USER_BIAS_DEVIATION**2], np.float32)
_ONE: Final = np.float32(1.0)


class UserFactors(NamedTuple):
    """A user's factors and bias."""

    mean: Singles
    """Shape (WIDTH,)."""
    variance: Singles
    """Shape (WIDTH,)."""
    updated_at: float
    """Event time of the latest outcome, epoch seconds; 0 for none."""
    impressions: float = 0.0
    """Places of served lists that the user was shown: those with an outcome, and those that were passed over."""
    likes: float = 0.0
    """Those that the user liked."""
    watches: float = 0.0
    """Watch times that were learned from."""
    watched: float = 0.0
    """The sum of what factors do not explain of their log odds."""


NEW_USER: Final = UserFactors(np.zeros(WIDTH, np.float32), _USER_PRIOR, 0.0)


class ItemFactors(NamedTuple):
    """What a score needs of a video with its creator and its tags."""

    mean: Singles
    """q_video + mean of e_tag, then the sum of the biases, shape (WIDTH,)."""
    variance: Singles
    """Of the same."""

    def scores(self, user: "UserFactors") -> Singles:
        """As `FactorModel.scores` of these videos."""
        found: Singles = self.mean @ np.append(user.mean[:FACTORS], _ONE)
        return found


class ItemRows(NamedTuple):
    """The rows behind a video."""

    video: int
    tags: Rows
    creator: int
    """-1 for none."""


class ItemIncrements(NamedTuple):
    """What an example adds to the natural parameters behind a video."""

    video: Singles
    """Shape (2, WIDTH)."""
    tags: Singles
    """Of each tag, shape (2, tags, WIDTH)."""
    creator: Singles
    """Shape (2, WIDTH)."""
    common: Singles
    """Of the common bias, shape (2, WIDTH)."""


class FactorModel:
    """Parameters of videos, tags and creators by row, and the common bias."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.videos = Gaussians(VIDEO_DEVIATION, VIDEO_BIAS_DEVIATION)
        self.tags = Gaussians(TAG_DEVIATION, TAG_BIAS_DEVIATION)
        self.creators = Gaussians(0.0, CREATOR_BIAS_DEVIATION)
        self.common = Gaussians(0.0, COMMON_BIAS_DEVIATION)
        self.common.reserve(0)

    def add_tag(self, row: int, name: str) -> None:
        """Add a tag. Its prior factors follow from its name: tags with equal factors would stay equal."""
        draw = np.random.default_rng(crc32(name.encode()))
        self.tags.set_prior_mean(row, draw.normal(0.0, TAG_DEVIATION, FACTORS).astype(np.float32))

    def rows_of(self, video: int) -> ItemRows:
        """The rows behind the video in a row of the index."""
        tags = self._columns.tags[video]
        return ItemRows(video, tags[tags >= 0], int(self._columns.creator[video]))

    def item(self, rows: ItemRows) -> ItemFactors:
        """The factors of a video with its creator and its tags."""
        mean, variance = self.videos.mean[rows.video].copy(), self.videos.variance[rows.video].copy()
        if tags := len(rows.tags):
            mean += self.tags.mean[rows.tags].sum(axis=0) / tags
            variance += self.tags.variance[rows.tags].sum(axis=0) / tags**2
        if rows.creator >= 0:
            mean[-1] += self.creators.mean[rows.creator, -1]
            variance[-1] += self.creators.variance[rows.creator, -1]
        return ItemFactors(mean, variance)

    def items(self, rows: Rows) -> ItemFactors:
        """As `item` for many videos: mean and variance of shape (rows, WIDTH)."""
        columns, zero = self._columns, np.zeros((1, WIDTH), np.float32)
        carried, creators = columns.tags[rows], columns.creator[rows]
        count = np.maximum(1, (carried >= 0).sum(axis=1))[:, None]
        mean = self.videos.mean[rows] + np.vstack([self.tags.mean, zero])[carried].sum(axis=1) / count
        variance = self.videos.variance[rows] + np.vstack([self.tags.variance, zero])[carried].sum(axis=1) / count**2
        mean[:, -1] += np.append(self.creators.mean[:, -1], 0.0)[creators]
        variance[:, -1] += np.append(self.creators.variance[:, -1], 0.0)[creators]
        return ItemFactors(mean, variance)

    def scores(self, rows: Rows | slice, user: UserFactors) -> Singles:
        """Z without the terms that all videos share, shape (rows,)."""
        columns, weights = self._columns, np.append(user.mean[:FACTORS], _ONE)
        by_creator = np.append(self.creators.mean[:, -1], np.float32(0.0))
        found: Singles = self.videos.mean[rows] @ weights
        found += columns.mean_over_tags(self.tags.mean @ weights, rows)
        found += by_creator[columns.creator[rows]]
        return found

    def learn(
        self,
        user: UserFactors,
        rows: ItemRows,
        shown: ItemFactors,
        outcome: float,
        at: float,
        weight: float = 1.0,
        *,
        corrects: float | None = None,
        offset: float = 0.0,
    ) -> tuple[UserFactors, ItemIncrements]:
        """What an outcome teaches.

        A correction replaces another outcome of the same example. An outcome y moves the means by y - P, so a
        correction moves them by the difference of both; the variances stay, since they have been reduced before.

        Args:
            user: before the outcome.
            rows: behind the video.
            shown: the video's factors when it was shown, so that they do not contain the outcome.
            outcome: from 0.0 to 1.0, which is that of a like.
            at: event time of the outcome, epoch seconds.
            weight: of the example, at most 1.
            corrects: the outcome of the same example that was learned before; None for a new example.
            offset: what something else than the model adds to the log odds of the chance, so that it is not learned.

        Returns:
            The user after it, and what to add to the parameters behind the video.
        """
        user = drifted(user, at)
        by_item, by_user, variance, chance = self._forecast(user, shown, offset)
        squared = by_user * by_user
        h = max(chance * (1 - chance), MIN_CURVATURE)
        residual, information = weight * (outcome - chance), weight * h
        if corrects is not None:
            residual, information = outcome - corrects, 0.0
        step, curvature = residual / (1 + h * variance), information / (1 + h * variance)
        gain = np.minimum(user.variance * squared * curvature, MAX_GAIN)
        mean, left = user.mean + user.variance * by_user * step, user.variance * (1 - gain)
        after = user._replace(mean=mean, variance=left, updated_at=at)
        return after, self.increments_of(rows, by_item, step, curvature)

    def chance(self, user: UserFactors, shown: ItemFactors, at: float) -> float:
        """The chance that a user likes a video that is shown at an event time; arguments as those of `learn`."""
        return self._forecast(drifted(user, at), shown)[3]

    def _forecast(
        self, user: UserFactors, shown: ItemFactors, offset: float = 0.0
    ) -> tuple[Singles, Singles, float, float]:
        """The gradients of the score by the item and by the user, its variance, and the chance of a like."""
        by_item, by_user = user.mean.copy(), shown.mean.copy()
        by_item[-1] = by_user[-1] = 1.0
        score = PRIOR_LOG_ODDS + float(self.common.mean[0, -1] + user.mean[-1] + by_item @ shown.mean)
        squared = by_user * by_user
        variance = float(self.common.variance[0, -1] + squared @ user.variance + by_item * by_item @ shown.variance)
        return by_item, by_user, variance, like_probability(score, variance, offset)

    def apply(self, rows: ItemRows, added: ItemIncrements) -> None:
        """Add an example's increments to the parameters behind a video."""
        self.videos.add(rows.video, added.video)
        self.apply_shared(rows, added)

    def apply_shared(self, rows: ItemRows, added: ItemIncrements) -> None:
        """Add an example's increments to all that the video shares with others: tags, creator, common bias."""
        for position, tag in enumerate(rows.tags.tolist()):
            self.tags.add(tag, added.tags[:, position])
        if rows.creator >= 0:
            self.creators.add(rows.creator, added.creator)
        self.common.add(0, added.common)

    def increments_of(
        self, rows: ItemRows, by_item: Singles, step: float, curvature: float, by_bias: float = 1.0
    ) -> ItemIncrements:
        """What to add to all parameters behind a video, computed for all of them together.

        Args:
            rows: behind the video.
            by_item: the gradient of the score by the video's factors and bias.
            step: see `gaussians.increments`.
            curvature: see there.
            by_bias: the gradient by the biases of creator and all videos.
        """
        tags, video, creator = len(rows.tags), slice(rows.video, rows.video + 1), slice(rows.creator, rows.creator + 1)
        creator = creator if rows.creator >= 0 else slice(0, 0)
        parts = (self.videos, video), (self.tags, rows.tags), (self.creators, creator), (self.common, slice(0, 1))
        mean = np.concatenate([some.mean[which] for some, which in parts])
        variance = np.concatenate([some.variance[which] for some, which in parts])
        gradient = np.zeros(mean.shape, np.float32)
        gradient[0] = by_item
        gradient[1 : 1 + tags] = by_item / np.float32(max(1, tags))
        gradient[1 + tags :, -1] = by_bias
        added = increments(mean, variance, gradient, step, curvature)
        of_creator = added[:, -2] if rows.creator >= 0 else np.zeros((2, WIDTH), np.float32)
        return ItemIncrements(added[:, 0], added[:, 1 : 1 + tags], of_creator, added[:, -1])


def like_probability(score: float, variance: float, offset: float = 0.0) -> float:
    """The expected chance of a like where the log odds are Gaussian (MacKay's approximation).

    Args:
        score: mean of the log odds.
        variance: of the log odds.
        offset: what is added to the log odds of the expected chance.
    """
    return 1 / (1 + exp(min(MAX_EXPONENT, -score / sqrt(1 + pi * variance / 8) - offset)))


def drifted(user: UserFactors, at: float) -> UserFactors:
    """A user's factors as of a later event time: less certain."""
    if not user.updated_at or at <= user.updated_at:
        return user
    regained = USER_DRIFT_PER_DAY * (at - user.updated_at) / DAY_S
    variance = user.variance.copy()
    variance[:FACTORS] = np.minimum(variance + regained * _USER_PRIOR, _USER_PRIOR)[:FACTORS]
    return user._replace(variance=variance)
