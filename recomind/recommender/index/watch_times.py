"""Watch time as a quantile within the duration group of the video, from the histograms of all videos together.

Each worker adds up the histograms of all videos (see `recomind.state.watch_times`). Times without a duration count in
the group of the duration that the catalogue has, if it has one.
"""

from collections.abc import Mapping
from math import log
from typing import Final

import numpy as np

from recomind.recommender.index.columns import Columns, Floats, Rows
from recomind.state.watch_times import BINS, GROUPS, UNKNOWN_DURATION, bin_position, duration_group

PRIOR_WATCHES: Final = 20.0
"""Until a group has many times, a quantile is drawn towards the share watched, with the weight of so many."""

PRIOR_QUANTILE: Final = 0.5
"""In place of the share where no duration is known."""

MAX_QUANTILE: Final = 0.99
"""Bound of a quantile before its log odds."""

MAX_LOG_ODDS: Final = log(MAX_QUANTILE / (1 - MAX_QUANTILE))

PRIOR_VIDEO_WATCHES: Final = 8.0
"""The mean quantile of a video is drawn towards the middle with the weight of so many watches."""


class WatchTimes:
    """The sum of the histograms of all videos."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.counts: Floats = np.zeros((GROUPS, BINS))
        self._by_row: dict[int, Mapping[int, int]] = {}
        """Row of a video to its histogram."""

    def put(self, row: int, watches: Mapping[int, int]) -> None:
        """Set a video's histogram."""
        known = self._by_row.get(row)
        if watches == known or not (watches or known):
            return
        self._add(row, -1)
        self._by_row[row] = watches
        self._add(row, 1)
        self._columns.watched[row] = sum(watches.values()), self._sum_of_quantiles(row)

    def put_duration(self, row: int, duration_ms: int | None) -> None:
        """Set the duration that the catalogue has of a video: None if it has none."""
        self._add(row, -1)
        self._columns.duration_ms[row] = duration_ms or 0
        self._add(row, 1)

    def quantile(self, row: int, watched_ms: int, duration_ms: int | None) -> float:
        """Which share of the views and skips of videos of about the same duration were watched for less time.

        Args:
            row: of the video.
            watched_ms: how long it was watched.
            duration_ms: of the video, as the action says; None for that of the catalogue.

        Returns:
            From 0 to 1.
        """
        duration = duration_ms or int(self._columns.duration_ms[row])
        counts, position = self.counts[duration_group(duration)], bin_position(watched_ms)
        whole = int(position)
        below = float(counts[:whole].sum() + (position - whole) * counts[whole])
        prior = min(1.0, watched_ms / duration) if duration else PRIOR_QUANTILE
        return (below + PRIOR_WATCHES * prior) / (float(counts.sum()) + PRIOR_WATCHES)

    def own_log_odds(self, row: int, watched_ms: int, duration_ms: int | None) -> float:
        """The log odds of the quantile as if the video were watched as long as others: what says something of the user.

        Arguments are those of `quantile`. Quantiles are bounded by `MAX_QUANTILE` and what it leaves.
        """
        quantile = min(MAX_QUANTILE, max(1 - MAX_QUANTILE, self.quantile(row, watched_ms, duration_ms)))
        found = log(quantile / (1 - quantile)) - float(self.excess(np.array([row]))[0])
        return min(MAX_LOG_ODDS, max(-MAX_LOG_ODDS, found))

    def excess(self, rows: Rows) -> Floats:
        """How much longer videos are watched than others of their duration, in log odds of their mean quantile.

        It is smoothed, so that it is 0 where nothing is known. Shape (rows,).
        """
        count, total = self._columns.watched[rows].T
        mean = (total + PRIOR_QUANTILE * PRIOR_VIDEO_WATCHES) / (count + PRIOR_VIDEO_WATCHES)
        found: Floats = np.log(mean / (1 - mean))
        return found

    def quantile_of(self, row: int, key: int) -> float:
        """The quantile of a time of which only the bin is known: its middle.

        Args:
            row: of the video; -1 if it is not in the index.
            key: of the time, see `watch_key`.
        """
        group, number = divmod(key, BINS)
        if group == UNKNOWN_DURATION and row >= 0:
            group = duration_group(int(self._columns.duration_ms[row]))
        counts = self.counts[group]
        below = float(counts[:number].sum() + counts[number] / 2)
        return (below + PRIOR_WATCHES * PRIOR_QUANTILE) / (float(counts.sum()) + PRIOR_WATCHES)

    def _sum_of_quantiles(self, row: int) -> float:
        """The sum of the quantiles of a video's watch times."""
        return sum(count * self.quantile_of(row, key) for key, count in self._by_row[row].items())

    def _add(self, row: int, sign: int) -> None:
        own = duration_group(int(self._columns.duration_ms[row]))
        for key, count in self._by_row.get(row, {}).items():
            group, number = divmod(key, BINS)
            self.counts[own if group == UNKNOWN_DURATION else group, number] += sign * count
