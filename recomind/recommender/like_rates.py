"""Smoothed like rates of what was shown: of a video, its creator and its tags, for all users and for one.

A feature is the log odds of a smoothed rate less those of the overall rate, so that it is 0 where nothing is known:

    log((likes + m p) / (impressions - likes + m (1 - p))) - log(p / (1 - p))

with p the overall rate and m a number of prior impressions.
"""

from typing import Final, NamedTuple

import numpy as np

from recomind.recommender.factors.model import UserFactors
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_REACTIONS

NAMES: Final = ("video", "creator", "tags", "user", "user and creator", "user and tags")
"""The features, in their order."""

GLOBAL_RATES: Final = 3
"""The number of those, the first ones, that are the same for all users."""

PRIOR_IMPRESSIONS: Final = 8.0
"""Of a video, a creator, a tag and a user."""

PRIOR_ACTIONS: Final = 4.0
"""Of a user together with a creator or a tag."""

PRIOR_RATE: Final = 0.1
"""The overall rate before the first impression."""


class _Acted(NamedTuple):
    """A user's latest actions."""

    rows: Rows
    liked: Floats
    """1 for a like, else 0."""


class LikeRates:
    """The features of any videos for a user: rates of all creators and tags are computed once."""

    def __init__(self, index: VideoIndex, profile: Profile, user: UserFactors) -> None:
        self._index = index
        shown = index.shown
        self._overall = overall = (shown.total[1] + PRIOR_IMPRESSIONS * PRIOR_RATE) / (
            shown.total[0] + PRIOR_IMPRESSIONS
        )
        own_tags, own_creators = _own_counts(index, _acted(index, profile))
        self._of_user = float(_excess(np.array([[user.impressions], [user.likes]]), overall, PRIOR_IMPRESSIONS)[0])
        self._by_creator = _excesses(shown.creators, own_creators, overall)
        self._by_tag = _excesses(shown.tags[:, :-1], own_tags[:, :-1], overall)

    def of(self, rows: Rows) -> Floats:
        """The features of videos, shape (rows, features)."""
        columns = self._index.columns
        found = np.empty((len(NAMES), len(rows)))
        found[0] = _excess(columns.shown[rows].T, self._overall, PRIOR_IMPRESSIONS)
        found[1::3] = self._by_creator[:, columns.creator[rows]]
        found[2::3] = columns.mean_over_tags(self._by_tag, rows)
        found[3] = self._of_user
        return found.T


def like_rates(index: VideoIndex, rows: Rows, profile: Profile, user: UserFactors) -> Floats:
    """The features of videos for a user, shape (rows, features)."""
    return LikeRates(index, profile, user).of(rows)


def _excess(counts: Floats, overall: float, prior: float) -> Floats:
    """Log odds of smoothed rates less those of the overall rate: counts of shape (2, n), result of shape (n,)."""
    impressions, likes = counts[0], np.minimum(counts[1], counts[0])
    odds = (likes + prior * overall) / (impressions - likes + prior * (1 - overall))
    excess: Floats = np.log(odds * (1 - overall) / overall)
    return excess


def _excesses(shown: Floats, own: Floats, overall: float) -> Floats:
    """`_excess` of what all users were shown, and of what one has acted on: shape (2, n)."""
    return np.stack([_excess(shown, overall, PRIOR_IMPRESSIONS), _excess(own, overall, PRIOR_ACTIONS)])


def _acted(index: VideoIndex, profile: Profile) -> _Acted:
    """The user's latest actions, as far back as both likes and other actions are remembered."""
    reactions, likes = profile.reactions, profile.likes
    if len(reactions) == MAX_REACTIONS:
        likes = tuple([one for one in likes if one.timestamp >= reactions[0].timestamp])
    ids = [one.video_id for one in likes] + [one.video_id for one in reactions]
    liked = np.repeat([1.0, 0.0], [len(likes), len(reactions)])
    rows = np.array([index.rows.get(video_id, -1) for video_id in ids], np.int64)
    return _Acted(rows[rows >= 0], liked[rows >= 0])


def _own_counts(index: VideoIndex, acted: _Acted) -> tuple[Floats, Floats]:
    """Actions and likes of each tag, and of each creator, as `ShownCounts` has them."""
    tags, creators = np.zeros_like(index.shown.tags), np.zeros_like(index.shown.creators)
    for kind, values in enumerate((np.ones(len(acted.rows)), acted.liked)):
        np.add.at(tags[kind], index.columns.tags[acted.rows], values[:, None])
        np.add.at(creators[kind], index.columns.creator[acted.rows], values)
    tags[:, -1] = creators[:, -1] = 0.0
    return tags, creators
