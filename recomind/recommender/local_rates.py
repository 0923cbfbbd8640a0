"""Like rates in a local context: how much better tags do there than was expected of the same places.

A tag's excess in a country, or at a quarter of the day, is the log odds of the smoothed rate of likes less those of the
smoothed rate that was expected (`local_counts`), each with `PRIOR_IMPRESSIONS` at the overall rate. It is 0 where
nothing is known. What a country and a quarter have together is compared with the sum of both, so it backs off to them:

    excess(tag, country and quarter) = log odds of the rate - log odds of the rate expected with the excess of both

What is expected follows from the user's taste, the video and its tags, by the factor model. So it does not matter who
comes at an hour, or that mostly videos are shown which suit them: the same videos have to do better there.
"""

from typing import Final

import numpy as np

from recomind.model.local_context import country_of, quarter_of
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

LOCAL_NAMES: Final = ("tags in the country", "tags at the hour", "tags in the country at the hour")
"""The features, in their order."""

PRIOR_IMPRESSIONS: Final = 8.0
"""Of a tag in a country, or at a quarter of the day."""

PRIOR_IMPRESSIONS_OF_BOTH: Final = 32.0

PRIOR_RATE: Final = 0.1
"""The overall rate before the first impression."""


def local_rates(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """The features of videos in a local context, shape (rows, features)."""
    by_tag = _excess_by_tag(index, local)
    return np.stack([_mean_of_tags(index, rows, one) for one in by_tag], axis=1)


def local_log_odds(index: VideoIndex, rows: Rows | slice, local: str) -> Floats:
    """How much better videos do in a local context, in log odds, shape (rows,)."""
    return _mean_of_tags(index, rows, _excess_by_tag(index, local).sum(axis=0))


def _mean_of_tags(index: VideoIndex, rows: Rows | slice, by_tag: Floats) -> Floats:
    """The mean over the tags of videos, shape (rows,); by_tag of shape (tags + 1,), with 0 at its end."""
    tags = index.columns.tags[rows]
    mean: Floats = by_tag[tags].sum(axis=1) / np.maximum(1, (tags >= 0).sum(axis=1))
    return mean


def _excess_by_tag(index: VideoIndex, local: str) -> Floats:
    """The excess of each tag, shape (features, tags + 1); the last column, of no tag, is 0."""
    country, quarter = country_of(local), quarter_of(local)
    tables = [index.local.by_tag(key) if key else None for key in (country, quarter, local)]
    known = len(index.tag_names)
    of_country, of_quarter, of_both = (None if one is None else one[:, :known] for one in tables)
    found, overall = np.zeros((len(LOCAL_NAMES), known + 1)), _overall_rate(index)
    if of_country is not None:
        found[0, : of_country.shape[1]] = _excess(of_country, overall, PRIOR_IMPRESSIONS)
    if of_quarter is not None:
        found[1, : of_quarter.shape[1]] = _excess(of_quarter, overall, PRIOR_IMPRESSIONS)
    if country and quarter and of_both is not None:
        both = found[:2, : of_both.shape[1]].sum(axis=0)
        found[2, : of_both.shape[1]] = _excess(of_both, overall, PRIOR_IMPRESSIONS_OF_BOTH, both)
    found[:, -1] = 0.0
    return found


def _overall_rate(index: VideoIndex) -> float:
    impressions, likes = index.shown.total
    return float((likes + PRIOR_IMPRESSIONS * PRIOR_RATE) / (impressions + PRIOR_IMPRESSIONS))


def _excess(counts: Floats, overall: float, prior: float, known: Floats | float = 0.0) -> Floats:
    """Log odds of smoothed rates less those that were expected: counts of shape (3, n), result of shape (n,).

    Args:
        counts: impressions, likes and expected likes.
        overall: rate of all videos.
        prior: impressions of the prior.
        known: the excess that is known already, in log odds.
    """
    impressions, likes, expected = counts
    impressions = np.maximum(np.maximum(impressions, 1e-9), np.maximum(likes, expected))
    odds = expected / np.maximum(impressions - expected, 1e-9) * np.exp(known)
    expected = impressions * odds / (1 + odds)
    excess: Floats = _log_odds(likes, impressions, overall, prior) - _log_odds(expected, impressions, overall, prior)
    return excess


def _log_odds(likes: Floats, impressions: Floats, overall: float, prior: float) -> Floats:
    """Log odds of smoothed rates, shape (n,)."""
    smoothed = likes + prior * overall
    found: Floats = np.log(smoothed / (impressions + prior - smoothed))
    return found
