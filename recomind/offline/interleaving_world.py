"""How many impressions an A/B test and interleaving need to find the better one of two rankers, in a world of users.

For each visit of a user both rankers order the same videos by what they believe of the log odds of a like. The user
likes a video with the same probability wherever it is shown, so nothing favours interleaving but what it is made for:
both rankers meet the same user at the same moment.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.experiments.cluster_sums import difference, preference, ratio
from recomind.experiments.interleaving import team_draft
from recomind.offline.experiment_worlds import PLACES, Audience, Floats, like_rates

VIDEOS: Final = 200
"""Videos that rankers order in a visit."""

BATCH: Final = 500
"""Visits between two looks."""

TASTE: Final = 1.0
"""Standard deviation of how much better a user likes one video than another, in log odds."""


class Rankers(NamedTuple):
    """What two rankers get wrong, as standard deviations in log odds."""

    first: float
    second: float
    own: float
    """Of errors that each of them makes alone."""


class Needed(NamedTuple):
    """Shown places until the better ranker is found, and like rates."""

    ab: int
    """By an A/B test; 0 if it did not find it."""
    interleaved: int
    like_rates: tuple[float, float]


def impressions_needed(audience: Audience, rankers: Rankers, seed: int, matters: float, most: int) -> Needed:
    """Run both until each has found that the second ranker is better, for at most so many shown places."""
    draw = np.random.default_rng(seed)
    arm = draw.integers(0, 2, audience.users)
    liked, shown, credit = np.zeros(audience.users), np.zeros(audience.users), np.zeros(audience.users)
    ab = interleaved = places = 0
    totals = np.zeros(2)
    for users, orders, likes in _batches(audience, rankers, draw):
        by_ranker = np.array([np.take_along_axis(likes, order[:, :PLACES], 1).sum(axis=1) for order in orders])
        totals += by_ranker.sum(axis=1)
        places += PLACES * len(users)
        if not ab:
            liked += np.bincount(users, by_ranker[arm[users], np.arange(len(users))], audience.users)
            shown += np.bincount(users, np.full(len(users), float(PLACES)), audience.users)
            control, other = (ratio(np.where(arm == one, liked, 0), np.where(arm == one, shown, 0)) for one in (0, 1))
            ab = places if difference(other, control, matters).low > 0 else 0
        if not interleaved:
            credit += np.bincount(users, _credits(orders, likes, draw), audience.users)
            interleaved = places if preference(credit, places, matters).low > 0 else 0
        if (ab and interleaved) or places >= most:
            break
    return Needed(ab, interleaved, (float(totals[0]) / places, float(totals[1]) / places))


def _credits(orders: tuple[NDArray[np.int64], ...], likes: NDArray[np.bool_], draw: np.random.Generator) -> Floats:
    """Likes of the second ranker's places less those of the first's, by visit."""
    lists = zip(*(order.tolist() for order in orders), likes, strict=True)
    return np.array(
        [
            sum(
                one.team * bool(liked[one.item])
                for one in team_draft(first, second, PLACES, lambda: draw.random() < 0.5)
            )
            for first, second, liked in lists
        ],
        float,
    )


def _batches(
    audience: Audience, rankers: Rankers, draw: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], tuple[NDArray[np.int64], ...], NDArray[np.bool_]]]:
    """Users who come, both orders of the videos, and which of these they would like."""
    rates = like_rates(audience, draw)
    level = np.log(rates + 1e-4) - np.log1p(1e-4 - rates)
    activity = draw.lognormal(0, audience.activity, audience.users)
    chance = activity / activity.sum()
    while True:
        users = draw.choice(audience.users, BATCH, p=chance)
        taste = draw.normal(0, TASTE, (BATCH, VIDEOS))
        likes = draw.random((BATCH, VIDEOS)) < 1 / (1 + np.exp(-level[users, None] - taste))
        error = draw.normal(0, 1, (BATCH, VIDEOS))
        orders = []
        for noise in (rankers.first, rankers.second):
            scores = taste + noise * error + rankers.own * draw.normal(0, 1, (BATCH, VIDEOS))
            top = np.argpartition(-scores, 2 * PLACES, axis=1)[:, : 2 * PLACES]
            orders.append(np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, 1), axis=1), 1))
        yield users, tuple(orders), likes
