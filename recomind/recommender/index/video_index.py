"""The read model in memory: a row a video, a column a property, so that ranking is arithmetic over arrays.

A worker fills it from Redis as it needs videos; the evaluation engine fills it from its own state. Both use the same
`put_*` methods with absolute values, so that a repeated call changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import Video
from recomind.model.signals import FACTOR_WIDTH
from recomind.model.text import normal_tag, tag_key
from recomind.recommender.factors.model import FactorModel
from recomind.recommender.index.columns import Columns, Floats, Rows
from recomind.recommender.index.local_counts import LocalIndex
from recomind.recommender.index.metadata import MetadataIndex
from recomind.recommender.index.neighbours import NeighbourIndex
from recomind.recommender.index.shown_counts import ShownCounts
from recomind.recommender.index.top_lists import TopLists
from recomind.recommender.index.users import LIKES_PER_USER, UserLikes
from recomind.recommender.index.watch_times import WatchTimes
from recomind.state.fingerprints import video_hash
from recomind.state.local_counts import NO_LOCAL_COUNTS, LocalCounts
from recomind.state.neighbours import Liker, Neighbours
from recomind.state.popularity import Popularity, RankingPopularity
from recomind.state.profile_entries import Like

NO_FACTOR_SUMS: Final = bytes(8 * FACTOR_WIDTH)
"""Of a video without outcomes: single floats."""


class VideoIndex:
    """Everything ranking reads: `rows` maps a video id to its row, `ids` back; `columns` holds videos' properties."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.columns = Columns()
        self.top_lists = TopLists(self.columns)
        self.videos: dict[int, Video] = {}
        """Catalogue entries by row, also of hidden and expired videos."""
        self.summaries: dict[str, bytes] = {}
        """Video id to the `VideoSummary` of a listed video, as JSON. A video that is not in it is in no list."""
        self.neighbours = NeighbourIndex(self.rows_of)
        self.creators: dict[int, str] = {}
        """Creator ids by row, where known."""
        self.user_likes = UserLikes()
        self.model_neighbours: dict[int, tuple[Rows, Floats]] = {}
        """Row to the rows and weights of its neighbours in the trained item-item model."""
        self.tag_rows: dict[str, int] = {}
        """Key of a tag (see `recomind.model.text.tag_key`) to its number, in the order of first use."""
        self.tag_names: list[str] = []
        """Each tag as it was first written, by number."""
        self.creator_rows: dict[str, int] = {}
        """Creator to its number, in the order of first use."""
        self.factors = FactorModel(self.columns)
        self.shown = ShownCounts(self.columns)
        self.metadata = MetadataIndex(self.columns)
        self.watch_times = WatchTimes(self.columns)
        self.local = LocalIndex(self.columns)
        self.returned: tuple[int, ...] = ()
        """Numbers of the latest changes that have videos in lists again, see `recomind.stores.returned_videos`."""
        self.action_weights = ActionWeights()
        self._likers: dict[int, tuple[Liker, ...]] = {}
        self._expiries: list[tuple[float, int]] = []
        """A heap of (when a video expires, row); those of entries that have been replaced since stay in it."""
        self._expired_until = -inf

    def row(self, video_id: str) -> int:
        """The row of a video; an unknown video is added."""
        row = self.rows.get(video_id)
        if row is None:
            row = self.rows[video_id] = len(self.ids)
            self.ids.append(video_id)
            self.columns.add_row()
            self.columns.hash[row] = video_hash(video_id)
            self.factors.videos.reserve(row)
        return row

    def rows_of(self, video_ids: Sequence[str]) -> Rows:
        """The rows of many videos; unknown ones are added."""
        try:  # fast path without a Python call per id: nearly always all are known
            return np.fromiter(map(self.rows.__getitem__, video_ids), np.int64, len(video_ids))
        except KeyError:
            return np.array([self.row(video_id) for video_id in video_ids], np.int64)

    def put_video(self, video: Video) -> Video | None:
        """Add or replace a catalogue entry, and return the earlier one.

        From then on the video is in lists, unless it is hidden or has expired.
        """
        row = self.row(video.video_id)
        before, shown = self.videos.get(row), self.shown.of(row)
        self.shown.add(np.array([row]), -shown)
        self.videos[row] = video
        if video.creator_id is not None:
            self.creators[row] = video.creator_id
            self.columns.creator[row] = self._creator(video.creator_id)
        else:
            self.creators.pop(row, None)
            self.columns.creator[row] = -1
        self.columns.created_at[row] = video.created_at
        self.metadata.put(row, video)
        self.watch_times.put_duration(row, video.duration_ms)
        tags = list(dict.fromkeys(self._tag(tag) for tag in video.tags if tag_key(tag)))
        self.columns.set_tags(row, tags)
        self.shown.add(np.array([row]), shown)
        self.local.note_tags(row)
        if video.expires_at is not None:
            heappush(self._expiries, (video.expires_at, row))
        self._set_listed(row, video if video.is_visible(self._expired_until) else None)
        self.top_lists.put_tags(row, tags)
        return before

    def remove_video(self, video_id: str) -> Video | None:
        """Remove a catalogue entry, and return it; what users did with the video stays."""
        row = self.rows.get(video_id, -1)
        before = self.videos.pop(row, None)
        if before is not None:
            shown = self.shown.of(row)
            self.shown.add(np.array([row]), -shown)
            self._set_listed(row, None)
            self.metadata.put(row, None)
            self.creators.pop(row, None)
            self.columns.creator[row], self.columns.created_at[row] = -1, 0
            self.columns.set_tags(row, ())
            self.shown.add(np.array([row]), shown)
            self.local.note_tags(row)
            self.top_lists.put_tags(row, ())
        return before

    def expire(self, now: float) -> list[Video]:
        """Take the videos that have expired at a time, epoch seconds, out of all lists, and return their entries."""
        expired, self._expired_until = [], max(now, self._expired_until)
        while self._expiries and self._expiries[0][0] <= now:
            row = heappop(self._expiries)[1]
            video = self.videos.get(row)
            if video is not None and self.columns.listed[row] and not video.is_visible(now):
                self._set_listed(row, None)
                expired.append(video)
        return expired

    def video(self, video_id: str) -> Video | None:
        """A catalogue entry, also of a hidden video; None if there is none."""
        return self.videos.get(self.rows.get(video_id, -1))

    def listed_video(self, video_id: str) -> Video | None:
        """The catalogue entry of a video that may be in lists; None if it may not."""
        return self.video(video_id) if video_id in self.summaries else None

    def videos_of_tag(self, tag: str) -> list[Video]:
        """The catalogue entries with a tag, of videos that may be in lists."""
        tag = tag_key(tag)
        rows = self.top_lists.rows_of_tag(self.tag_rows[tag]) if tag in self.tag_rows else ()
        return [self.videos[row] for row in rows if self.columns.listed[row]]

    def put_popularity(self, video_id: str, popularity: Popularity | RankingPopularity) -> None:
        """Set a video's counts and decayed scores."""
        row = self.row(video_id)
        actions, scores = popularity.counts.total, popularity.like_scores + popularity.action_scores
        if actions < self.columns.actions[row] or (scores < self.columns.scores[row]).any():
            self.top_lists.remove(row)
        self.columns.scores[row] = scores
        self.columns.actions[row] = actions
        self.columns.first_at[row] = popularity.first_at
        self.columns.likes[row] = popularity.first_likes
        self.columns.liked_at[row] = popularity.liked_at
        sums = np.frombuffer(popularity.factor_sums or NO_FACTOR_SUMS, "<f4")
        self.factors.videos.put(row, sums.reshape(2, FACTOR_WIDTH))
        self.shown.put(np.array([row]), np.array([[popularity.impressions], [popularity.shown_likes]], float))
        self.watch_times.put(row, popularity.watches)
        self.local.put(row, popularity.local)
        self.top_lists.mark_changed(row)

    def put_popularity_columns(
        self,
        video_ids: Sequence[str],
        scores: Floats,
        actions: Floats,
        first_at: Floats,
        likes: Floats,
        liked_at: Floats,
        factor_sums: NDArray[np.float32],
        shown: Floats,
        watches: Sequence[Mapping[int, int]],
        local: Sequence[LocalCounts] = (),
    ) -> None:
        """Set what `put_popularity` sets, for many distinct videos: arrays of shape (videos, ...).

        `local` may be empty, where no video has anything in it.
        """
        rows, columns = self.rows_of(video_ids), self.columns
        fell = (actions < columns.actions[rows]) | (scores < columns.scores[rows]).any(axis=1)
        for row in rows[fell].tolist():
            self.top_lists.remove(row)
        columns.scores[rows], columns.actions[rows], columns.first_at[rows] = scores, actions, first_at
        columns.likes[rows], columns.liked_at[rows] = likes, liked_at
        self.factors.videos.put_many(rows, factor_sums.reshape(-1, 2, FACTOR_WIDTH))
        self.shown.put(rows, shown)
        for row, one in zip(rows.tolist(), watches, strict=True):
            self.watch_times.put(row, one)
        for row, counts in zip(rows.tolist(), local or [NO_LOCAL_COUNTS] * len(rows), strict=True):
            self.local.put(row, counts)
        self.top_lists.mark_changed(*rows.tolist())

    def put_neighbours(self, video_id: str, neighbours: Neighbours) -> None:
        """Set a video's neighbours and latest likers."""
        row = self.row(video_id)
        self.neighbours.set_neighbours(row, neighbours)
        if self._likers.get(row) != neighbours.likers:
            self._likers[row] = neighbours.likers
            users = self.user_likes.rows_of([liker.user_id for liker in neighbours.likers])
            self.columns.likers[row] = -1
            self.columns.likers[row, : len(users)] = users

    def put_likes(self, user_id: str, likes: Sequence[Like]) -> None:
        """Set a user's latest likes, newest last, for the lists of similar users."""
        self.user_likes.put_likes(user_id, self.rows_of([liked.video_id for liked in likes[-LIKES_PER_USER:]]))

    def put_model_neighbours(self, video_id: str, neighbours: Iterable[tuple[str, float]]) -> None:
        """Set a video's (video id, weight) neighbours in the trained item-item model."""
        pairs = list(neighbours)
        rows = self.rows_of([other for other, _ in pairs])
        self.model_neighbours[self.row(video_id)] = rows, np.array([weight for _, weight in pairs], float)

    @property
    def size(self) -> int:
        """Number of known videos, listed or not."""
        return len(self.ids)

    def _set_listed(self, row: int, video: Video | None) -> None:
        """Have a video in lists, as an entry says, or in none."""
        if video is not None:
            self.summaries[video.video_id] = video.summary_json()
            self.columns.listed[row] = True
        elif self.columns.listed[row]:
            del self.summaries[self.ids[row]]
            self.columns.listed[row] = False
            self.top_lists.remove(row)

    def _tag(self, tag: str) -> int:
        key = tag_key(tag)
        number = self.tag_rows.setdefault(key, len(self.tag_rows))
        if number == len(self.tag_names):
            self.tag_names.append(normal_tag(tag))
            self.factors.add_tag(number, key)
            self.shown.reserve(number + 1, 0)
        return number

    def _creator(self, creator_id: str) -> int:
        number = self.creator_rows.setdefault(creator_id, len(self.creator_rows))
        self.factors.creators.reserve(number)
        self.shown.reserve(0, number + 1)
        return number
