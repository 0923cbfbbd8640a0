"""The read model in memory: a row a video, a column a property, so that ranking is arithmetic over arrays.

A worker fills it from Redis as it needs videos, the evaluation engine from its own folds; both through the same
`put_*` methods with the same absolute values, so a video put twice is only put again.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.catalogue import Video
from recomind.state.neighbours import Liker, Neighbours
from recomind.state.popularity import HALF_LIVES, Popularity
from recomind.state.profile import Liked, video_hash

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]

NO_ROWS: Rows = np.empty(0, np.int32)


class Company(NamedTuple):
    """A video's neighbours: arrays of one length."""

    rows: Rows
    after: Floats
    before: Floats


class VideoIndex:
    """Columns over the videos known here; `rows` maps an id to its row, `ids` back."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.videos: dict[int, Video] = {}
        self.cards: dict[int, bytes] = {}
        self.company: dict[int, Company] = {}
        self.likers: dict[int, tuple[Liker, ...]] = {}
        self.likes_of: dict[str, Rows] = {}
        self.model: dict[int, tuple[Rows, Floats]] = {}
        self.tag_rows: dict[str, int] = {}
        self.tags: dict[int, Rows] = {}
        self._grow(1024)

    def row(self, video_id: str) -> int:
        """The row of a video, made where it is new."""
        row = self.rows.get(video_id)
        if row is None:
            row = self.rows[video_id] = len(self.ids)
            self.ids.append(video_id)
            if row >= len(self.hashes):
                self._grow(2 * row)
            self.hashes[row] = video_hash(video_id)
        return row

    def rows_of(self, video_ids: Iterable[str]) -> Rows:
        """The rows of many videos."""
        return np.fromiter(map(self.row, video_ids), np.int32)

    def put_video(self, video: Video) -> None:
        """A catalogue entry: from now on the video may be recommended."""
        row = self.row(video.video_id)
        self.videos[row] = video
        self.cards[row] = video.card()
        self.listed[row] = True
        self.created_at[row] = video.created_at
        self.tags[row] = np.array([self.tag_rows.setdefault(tag, len(self.tag_rows)) for tag in video.tags], np.int32)

    def put_popularity(self, video_id: str, popularity: Popularity) -> None:
        """A video's counts and decayed scores."""
        row = self.row(video_id)
        self.liked[row] = popularity.liked
        self.shown[row] = popularity.shown
        self.counts[row] = popularity.counts

    def put_neighbours(self, video_id: str, neighbours: Neighbours) -> None:
        """A video's company and latest likers."""
        row = self.row(video_id)
        pairs = np.array([*neighbours.company.values()], float).reshape(-1, 2)
        self.company[row] = Company(self.rows_of(neighbours.company), pairs[:, 0], pairs[:, 1])
        self.likers[row] = neighbours.likers
        self.norms[row] = max(1, neighbours.likes)

    def put_likes(self, user_id: str, likes: tuple[Liked, ...]) -> None:
        """A person's latest likes, for those whose taste is similar."""
        self.likes_of[user_id] = self.rows_of(liked.video_id for liked in likes)

    def put_model(self, video_id: str, others: Iterable[tuple[str, float]]) -> None:
        """The retrained model's neighbours of a video."""
        pairs = list(others)
        rows = self.rows_of(other for other, _ in pairs)
        self.model[self.row(video_id)] = rows, np.array([weight for _, weight in pairs], float)

    @property
    def size(self) -> int:
        """How many videos are known."""
        return len(self.ids)

    def _grow(self, size: int) -> None:
        columns: dict[str, tuple[tuple[int, ...], type, float]] = {
            "hashes": ((), np.uint32, 0),
            "listed": ((), np.bool_, 0),
            "created_at": ((), np.float64, 0),
            "norms": ((), np.float64, 1),
            "counts": ((3,), np.float64, 0),
            "liked": ((len(HALF_LIVES),), np.float64, -np.inf),
            "shown": ((len(HALF_LIVES),), np.float64, -np.inf),
        }
        for name, (shape, kind, empty) in columns.items():
            column: NDArray[Any] = np.full((size, *shape), empty, kind)
            if hasattr(self, name):
                old = getattr(self, name)
                column[: len(old)] = old
            setattr(self, name, column)

    hashes: NDArray[np.uint32]
    listed: NDArray[np.bool_]
    created_at: Floats
    norms: Floats
    counts: Floats
    liked: Floats
    shown: Floats
