"""The read model in memory: a row a video, a column a property, so that ranking is arithmetic over arrays.

A worker fills it from Redis as it needs videos, the evaluation engine from its own folds; both through the same
`put_*` methods with the same absolute values, so a video put twice is only put again.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from recomind.model.catalogue import Video
from recomind.recommender.index.columns import TAGS, Columns, Floats, Rows
from recomind.recommender.index.neighbours import Companies
from recomind.recommender.index.top_lists import Heads
from recomind.recommender.index.users import LATEST, People
from recomind.state.neighbours import Liker, Neighbours
from recomind.state.popularity import Figures, Popularity
from recomind.state.profile import Liked, video_hash


class VideoIndex:
    """What is known of videos: `rows` maps an id to its row, `ids` back; `columns` holds their figures."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.columns = Columns()
        self.heads = Heads(self.columns)
        self.videos: dict[int, Video] = {}
        self.cards: dict[str, bytes] = {}
        """What is shown of each listed video, as JSON, by its id."""
        self.companies = Companies(self.rows_of)
        self.creators: dict[int, str] = {}
        self.people = People()
        self.model: dict[int, tuple[Rows, Floats]] = {}
        self.tag_rows: dict[str, int] = {}
        self._likers: dict[int, tuple[Liker, ...]] = {}

    def row(self, video_id: str) -> int:
        """The row of a video, made where it is new."""
        row = self.rows.get(video_id)
        if row is None:
            row = self.rows[video_id] = len(self.ids)
            self.ids.append(video_id)
            self.columns.add()
            self.columns.hash[row] = video_hash(video_id)
        return row

    def rows_of(self, video_ids: Sequence[str]) -> Rows:
        """The rows of many videos."""
        try:  # nearly all are known, and a call each is dear
            return np.fromiter(map(self.rows.__getitem__, video_ids), np.int64, len(video_ids))
        except KeyError:
            return np.array([self.row(video_id) for video_id in video_ids], np.int64)

    def put_video(self, video: Video) -> None:
        """A catalogue entry: from now on the video may be recommended."""
        row = self.row(video.video_id)
        self.videos[row] = video
        self.cards[video.video_id] = video.card()
        self.columns.listed[row] = True
        if video.creator_id is not None:
            self.creators[row] = video.creator_id
        self.columns.created_at[row] = video.created_at
        tags = [self._tag(tag) for tag in video.tags]
        self.columns.tags[row] = [*tags[:TAGS], *[-1] * (TAGS - len(tags))]
        self.heads.put_tags(row, tags)

    def put_popularity(self, video_id: str, popularity: Popularity | Figures) -> None:
        """A video's counts and decayed scores."""
        row = self.row(video_id)
        actions = popularity.counts.total
        if actions < self.columns.actions[row]:  # somebody was forgotten
            self.heads.forget()
        self.columns.scores[row] = popularity.liked + popularity.shown
        self.columns.actions[row] = actions
        self.columns.first_at[row] = popularity.first_at
        self.columns.likes[row] = popularity.likes
        self.columns.liked_at[row] = popularity.liked_at
        self.heads.touch(row)

    def put_figures(
        self,
        video_ids: Sequence[str],
        scores: Floats,
        actions: Floats,
        first_at: Floats,
        likes: Floats,
        liked_at: Floats,
    ) -> None:
        """What `put_popularity` takes of many videos, each of them once, in columns: shape (videos, ...)."""
        rows, columns = self.rows_of(video_ids), self.columns
        if (actions < columns.actions[rows]).any():  # somebody was forgotten
            self.heads.forget()
        columns.scores[rows], columns.actions[rows], columns.first_at[rows] = scores, actions, first_at
        columns.likes[rows], columns.liked_at[rows] = likes, liked_at
        self.heads.touch(*rows.tolist())

    def put_neighbours(self, video_id: str, neighbours: Neighbours) -> None:
        """A video's company and latest likers."""
        row = self.row(video_id)
        self.companies.put(row, neighbours)
        if self._likers.get(row) != neighbours.likers:
            self._likers[row] = neighbours.likers
            people = self.people.rows_of([liker.user_id for liker in neighbours.likers])
            self.columns.likers[row] = -1
            self.columns.likers[row, : len(people)] = people

    def put_likes(self, user_id: str, likes: Sequence[Liked]) -> None:
        """A person's latest likes, newest last, for those whose taste is similar."""
        self.people.put_likes(user_id, self.rows_of([liked.video_id for liked in likes[-LATEST:]]))

    def put_model(self, video_id: str, others: Iterable[tuple[str, float]]) -> None:
        """The retrained model's neighbours of a video."""
        pairs = list(others)
        rows = self.rows_of([other for other, _ in pairs])
        self.model[self.row(video_id)] = rows, np.array([weight for _, weight in pairs], float)

    @property
    def size(self) -> int:
        """How many videos are known."""
        return len(self.ids)

    def _tag(self, tag: str) -> int:
        return self.tag_rows.setdefault(tag, len(self.tag_rows))
