"""Keeps the catalogue in a ranking index up to date.

The follower reads the catalogue from PostgreSQL once, then its changes. The same changes also arrive from the topic
`video_catalogue`, within milliseconds (see `recomind.runtime.catalogue_stream`). Each carries its number, so that of
two changes of a video the later one counts, whichever arrives first.
"""

from collections.abc import Callable, Sequence

from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import ALL_VIDEOS, CatalogueChange, change_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.stores.archive import Archive

CatalogueListener = Callable[[Video | None, Video | None], None]
"""Called with the entry by which a video was in lists before a change, and the one by which it is after it.

None before: the video was in no list. None after: it was taken down.
"""


class CatalogueFollower:
    """Applies changes of the catalogue to an index."""

    def __init__(self, index: VideoIndex, archive: Archive) -> None:
        self._index = index
        self._archive = archive
        self._position: str | None = None
        """Among PostgreSQL's transactions; None before the catalogue has been read."""
        self._deleted: dict[str, int] = {}
        """Deleted videos to the number of the change that deleted them."""
        self.listeners: list[CatalogueListener] = []
        self.removals = 0
        """Number of videos taken down so far, by which a caller notices that its list may hold one."""

    @property
    def has_catalogue(self) -> bool:
        """Whether the catalogue has been read: a video that is not in the index then does not exist."""
        return self._position is not None

    async def follow(self) -> None:
        """Read the catalogue, and from then on its changes."""
        if self._position is None:
            await self._read_all()
            return
        position, changes = await self._archive.changed_videos(self._position)
        if any(change.video_id == ALL_VIDEOS for change in changes):
            await self._read_all()
            return
        for change in changes:
            self.apply(change)
        self._position = position

    def apply(self, change: CatalogueChange) -> bool:
        """Apply a change, unless the same or a later one of the video is known; returns whether it was applied."""
        video_id = change.video_id
        known = self._index.video(video_id)
        version = self._deleted.get(video_id, -1) if known is None else known.version
        if change.version <= version:
            return False
        before = self._index.listed_video(video_id)
        if change.video is None:
            self._deleted[video_id] = change.version
            self._index.remove_video(video_id)
        else:
            self._deleted.pop(video_id, None)
            self._index.put_video(change.video)
        self._notify(before, self._index.listed_video(video_id))
        return True

    def expire(self, now: float) -> None:
        """Take down the videos that have expired at a time, epoch seconds."""
        for video in self._index.expire(now):
            self._notify(video, None)

    def is_listed(self, video_ids: Sequence[str]) -> bool:
        """Whether each of these videos may be in lists."""
        return all(video_id in self._index.summaries for video_id in video_ids)

    async def _read_all(self) -> None:
        """Read the whole catalogue; videos that it does not have were deleted.

        A video that arrived while it was read may be missing, and is read again with the next changes: it counts as
        deleted by a change before its last one.
        """
        position, videos = await self._archive.all_videos()
        for video in videos:
            self.apply(change_of(video))
        present = {video.video_id for video in videos}
        for video in [video for video in self._index.videos.values() if video.video_id not in present]:
            before = self._index.listed_video(video.video_id)
            self._deleted[video.video_id] = video.version - 1
            self._index.remove_video(video.video_id)
            self._notify(before, None)
        self._position = position

    def _notify(self, before: Video | None, after: Video | None) -> None:
        self.removals += before is not None and after is None
        if before is not None or after is not None:
            for notify in self.listeners:
                notify(before, after)
