"""Cached top lists over the whole catalogue: trending videos, fresh uploads, the most liked of a tag.

Each list is an incremental top-k (see `top_k`): it is selected from all videos once, and then only from its own
members and the videos that changed. Log-scores only grow and keep their order as time passes (see `state.popularity`).
`TopLists.remove` is for the exceptions: a video that was taken down, and one whose score has fallen, as a like was
undone or a user erased. A list that is a source of candidates is selected again after `CHANGES_PER_REFRESH` changes of
any videos; sources that depend on a user's own actions are always up to date. The list
that is shown as it is, `popular`, is selected again after each change.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from typing import Final

import numpy as np

from recomind.recommender.index.columns import Columns, Rows, largest
from recomind.recommender.index.top_k import TopK
from recomind.state.popularity import HALF_LIVES_S

CHANGES_PER_REFRESH: Final = 64
"""Changes of videos' popularity after which a list is selected again."""

TRENDING_LIST_LENGTH: Final = 60
"""Videos in the trending list for each half-life, by likes and by all actions."""

POPULAR_LIST_LENGTH: Final = 100
"""Videos in the list of the most liked videos."""

FRESH_LIST_LENGTH: Final = 30
"""Videos in the list of fresh uploads."""

TAG_LIST_LENGTH: Final = 30
"""Videos in a tag's list."""

FRESH_MAX_ACTIONS: Final = 20
"""A video with this many actions is no longer fresh: its own popularity is informative."""

FRESH_RESERVE: Final = 4 * FRESH_LIST_LENGTH
"""Fresh uploads that are cached, to replace those that cease to be fresh."""

_NEVER_LIKED: Final = -1e300

_LISTS_OF_ALL_VIDEOS: Final = ("trending", "popular", "fresh")

DAY_INDEX: Final = HALF_LIVES_S.index(24 * 3600.0)
"""The column of log-scores with a half-life of a day."""

Select = Callable[[Rows | None], Rows]
"""Returns the best of some rows; given None, the best of all rows."""


class _CachedList:
    """A list's rows, and when they are selected again."""

    def __init__(self, select: Select, refresh_at: int) -> None:
        self._select = select
        self.rows = select(None)
        self.refresh_at = refresh_at
        """Total number of changes, of any videos, at which the list is selected again."""
        self.top = TopK[int](self._best_of, self.rows.tolist())

    def refresh(self, refresh_at: int) -> None:
        self.rows = np.array(self.top.refresh(), np.int64)
        self.refresh_at = refresh_at

    def _best_of(self, rows: Set[int]) -> list[int]:
        best: list[int] = self._select(np.array(sorted(rows), np.int64)).tolist()
        return best


class TopLists:
    """The lists; each is selected when it is read."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._changes = 0
        self._lists: dict[str | int, _CachedList] = {}
        """By name, or by tag."""
        self._rows_of_tag: defaultdict[str | int, set[int]] = defaultdict(set)
        self._lists_of_row: dict[int, tuple[str | int, ...]] = {}
        """Names of the lists that a row can be in, for rows with tags."""

    def mark_changed(self, *rows: int) -> None:
        """Note that the popularity of these videos has changed."""
        self._changes += len(rows)
        for row in rows:
            for name in self._lists_of_row.get(row, _LISTS_OF_ALL_VIDEOS):
                if name in self._lists:
                    self._lists[name].top.mark_changed(row)

    def remove(self, row: int) -> None:
        """Drop the lists that hold a video: it was taken down, has lost a tag, or its score has fallen."""
        for name in self._lists_of_row.get(row, _LISTS_OF_ALL_VIDEOS):
            self._drop_if_listed(name, row)

    def put_tags(self, row: int, tags: Sequence[int]) -> None:
        """Set a video's tags. The lists that it can be in are selected again when they are next read."""
        names: tuple[str | int, ...] = (*_LISTS_OF_ALL_VIDEOS, *tags)
        for name in self._lists_of_row.get(row, ()):
            if isinstance(name, int) and name not in tags:
                self._rows_of_tag[name].discard(row)
                self._drop_if_listed(name, row)
        self._lists_of_row[row] = names
        self.mark_changed(row)
        for name in names:
            if name in self._lists:
                self._lists[name].refresh_at = 0
        for tag in tags:
            self._rows_of_tag[tag].add(row)

    def rows_of_tag(self, tag: int) -> Set[int]:
        """The videos that have a tag."""
        return self._rows_of_tag[tag]

    def trending(self) -> Rows:
        """The videos with the most likes and with the most actions at each half-life, as one set."""
        return self._cached("trending", self._select_trending)

    def popular(self, n: int) -> Rows:
        """The `n` most liked videos with a half-life of a day, best first; many are sorted at each call."""
        if n > POPULAR_LIST_LENGTH:
            return self._most_liked(self._all_rows(), n)
        return self._cached("popular", self._select_popular, after=1)[:n]

    def fresh(self) -> Rows:
        """The latest uploads with few actions, newest first."""
        return self._cached("fresh", self._select_fresh)[:FRESH_LIST_LENGTH]

    def of_tag(self, tag: int) -> Rows:
        """The most liked videos of a tag."""
        return self._cached(tag, lambda rows: self._select_of_tag(tag, rows))

    def _drop_if_listed(self, name: str | int, row: int) -> None:
        if name in self._lists and row in self._lists[name].top.candidates:
            del self._lists[name]

    def _cached(self, name: str | int, select: Select, after: int = CHANGES_PER_REFRESH) -> Rows:
        """The rows of a list, selected again after so many changes."""
        refresh_at = self._changes + after
        cached = self._lists.get(name)
        if cached is None:
            cached = self._lists[name] = _CachedList(select, refresh_at)
        elif self._changes >= cached.refresh_at:
            cached.refresh(refresh_at)
        return cached.rows

    def _all_rows(self) -> Rows:
        return np.arange(self._columns.size)

    def _select_trending(self, rows: Rows | None) -> Rows:
        rows = self._all_rows() if rows is None else rows
        scores = self._columns.scores[rows]
        scores[~self._columns.listed[rows]] = -np.inf
        best = [largest(scores[:, column], TRENDING_LIST_LENGTH) for column in range(scores.shape[1])]
        return rows[np.unique(np.concatenate(best))]

    def _select_popular(self, rows: Rows | None) -> Rows:
        return self._most_liked(self._all_rows() if rows is None else rows, POPULAR_LIST_LENGTH)

    def _most_liked(self, rows: Rows, n: int) -> Rows:
        scores = np.where(self._columns.listed[rows], self._columns.like_scores[rows, DAY_INDEX], -np.inf)
        order = np.argsort(-scores, kind="stable")[:n]
        return rows[order[scores[order] > -np.inf]]

    def _select_fresh(self, rows: Rows | None) -> Rows:
        """Fresh uploads and the reserve; from all rows where the given ones hold too few."""
        candidates, columns = self._all_rows() if rows is None else rows, self._columns
        actions, first_at = columns.actions[candidates], columns.first_at[candidates]
        is_fresh = columns.listed[candidates] & (actions < FRESH_MAX_ACTIONS)
        appeared_at = np.maximum(columns.created_at[candidates], np.where(actions > 0, first_at, 0))
        best = largest(np.where(is_fresh, appeared_at, -np.inf), FRESH_RESERVE)
        if rows is not None and len(best) < FRESH_LIST_LENGTH:
            return self._select_fresh(None)
        return candidates[best[np.argsort(-appeared_at[best], kind="stable")]]

    def _select_of_tag(self, tag: int, rows: Rows | None) -> Rows:
        rows = np.array(sorted(self._rows_of_tag[tag]), np.int64) if rows is None else rows
        scores = np.maximum(self._columns.like_scores[rows, DAY_INDEX], _NEVER_LIKED)  # never liked: last, not left out
        scores[~self._columns.listed[rows]] = -np.inf
        return rows[largest(scores, TAG_LIST_LENGTH)]
