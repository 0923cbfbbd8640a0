"""Keeps the catalogue in a ranking index up to date.

The follower reads the catalogue from PostgreSQL once, then its changes. The same changes also arrive from the topic
`video_catalogue`, within milliseconds (see `recomind.runtime.catalogue_stream`). Each carries its number, so that of
two changes of a video the later one counts, whichever arrives first.
"""

from collections.abc import Callable, Sequence

from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import ALL_VIDEOS, CatalogueChange, change_of
from recomind.model.ids import VideoId
from recomind.recommender.index.video_index import VideoIndex
from recomind.stores.archive import Archive
from recomind.stores.returned_videos import ReturnedVideos
from recomind.stores.takedown_log import RETENTION_S, TakedownLog

CatalogueListener = Callable[[str, Video | None, Video | None], None]
"""Called with a video id, and its entry before and after a change; None where the video may not be in lists.

None before: this worker put it in no list. None after: it was taken down. Both may be None: other workers may have
put it in lists, if this one missed a change in between.
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
        self._never_listed: set[str] = set()
        """Videos that were hidden when they were put for the first time, and have not been shown since."""
        self.listeners: list[CatalogueListener] = []
        self.removals = 0
        """Number of takedowns so far, by which a caller notices that its list may hold one."""
        self.returned = ReturnedVideos(index, self.version_of)
        """Videos that are in lists again."""
        self.takedowns = TakedownLog()
        """Videos that were taken down in the last hour, by whomever, also before this worker was started."""

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
        video_id, before = change.video_id, self._index.listed_video(change.video_id)
        was_never_listed = video_id in self._never_listed
        if not self._put(change):
            return False
        is_in_no_list = was_never_listed or video_id in self._never_listed
        self._notify(video_id, before, self._index.listed_video(video_id), may_be_shown=not is_in_no_list)
        return True

    def expire(self, now: float) -> None:
        """Take down the videos that have expired at a time, epoch seconds."""
        for video in self._index.expire(now):
            self._notify(video.video_id, video, None)

    def version_of(self, video_id: VideoId) -> int:
        """The number of the latest change of a video that was applied; -1 for a video that is not known."""
        known = self._index.video(video_id)
        return self._deleted.get(video_id, -1) if known is None else known.version

    def is_listed(self, video_ids: Sequence[str]) -> bool:
        """Whether each of these videos may be in lists."""
        return all(video_id in self._index.summaries for video_id in video_ids)

    def _put(self, change: CatalogueChange) -> bool:
        """Set what the index knows of a video, unless the same or a later change is known."""
        video_id, version = change.video_id, self.version_of(change.video_id)
        if change.version <= version:
            return False
        was_listed, is_new = video_id in self._index.summaries, version < 0
        if change.video is None:
            self._deleted[video_id] = change.version
            self._index.remove_video(video_id)
        else:
            self._deleted.pop(video_id, None)
            self._index.put_video(change.video)
        self._note_return(change, was_listed, is_new)
        return True

    def _note_return(self, change: CatalogueChange, was_listed: bool, is_new: bool) -> None:
        """Note that a video has returned, if it has: not a new one, nor one that has been hidden from the first."""
        video_id, is_listed = change.video_id, change.video_id in self._index.summaries
        if is_listed and not was_listed and not is_new and video_id not in self._never_listed:
            self.returned.note(video_id, change.version)
        if is_new and not is_listed and change.video is not None and self.has_catalogue:
            self._never_listed.add(video_id)
        elif is_listed or change.video is None:
            self._never_listed.discard(video_id)

    async def _read_all(self) -> None:
        """Read the whole catalogue; videos that it does not have were deleted.

        A video that arrived while it was read may be missing, and is read again with the next changes: it counts as
        deleted by a change before its last one.
        """
        position, videos = await self._archive.all_videos()
        for video in videos:
            before = self._index.listed_video(video.video_id)
            if self._put(change_of(video)) and (video.video_id in self._index.summaries or before is not None):
                self._notify(video.video_id, before, self._index.listed_video(video.video_id))
        present = {video.video_id for video in videos}
        for video in [video for video in self._index.videos.values() if video.video_id not in present]:
            before = self._index.listed_video(video.video_id)
            self._deleted[video.video_id] = video.version - 1
            self._index.remove_video(video.video_id)
            self._notify(video.video_id, before, None)
        for video_id, age in await self._archive.recent_takedowns(RETENTION_S):
            if video_id not in self._index.summaries and video_id not in self.takedowns:
                self.takedowns.note(video_id, age)
        self._position = position

    def _notify(self, video_id: str, before: Video | None, after: Video | None, *, may_be_shown: bool = True) -> None:
        """Tell of a change. `may_be_shown`: whether any worker may have had the video in a list."""
        self.removals += after is None
        if after is not None:
            self.takedowns.forget(video_id)
        elif may_be_shown:
            self.takedowns.note(video_id)
        for notify in self.listeners:
            notify(video_id, before, after)
