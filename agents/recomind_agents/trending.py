"""What is popular: the leader publishes `popular_videos`, and each owner its partitions' top lists by window and tag.

The first comes from the ranking index, which has the popularity of all videos. The others are merged when they are
read.
"""

import asyncio
from collections import defaultdict
from collections.abc import Set
from operator import lt
from typing import Final, NamedTuple

from recomind.model.catalogue import Video
from recomind.model.ids import Partition, all_partitions
from recomind.model.text import tag_key
from recomind.recommender.index.windowed_top import ALL_TAGS, WindowedTopLists
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stream.partitioner import partition_of
from recomind.stream.table import Table

WINDOWED_TOP_INTERVAL_S: Final = 2.0
"""Time between two publications of the changed lists by window and tag."""

REMOVAL_INTERVAL_S: Final = 0.1
"""The same while videos are taken down."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    loader = app.ranking_cache.loader

    async def publish_trending() -> None:
        await loader.follow_trending_and_model()
        if app.assignment.is_leader:
            await app.read_model.put_popular_videos(app.ranking_cache.trending_json(app.options.slate_size))

    app.timer(min(app.options.publish_interval, app.options.read_model_ttl / 4))(loader.follow_popularity)
    app.timer(app.options.trending_interval)(publish_trending)


class PartitionLists(NamedTuple):
    """The lists of a partition."""

    assignment: object
    """That for which they were built, see `Table.assignment`: in another one the values may be others."""
    lists: WindowedTopLists


class WindowedTopPublisher:
    """Publishes the top lists by window and tag of this worker's partitions.

    They follow from the table `popularity` and the tags of the catalogue. `recomind verify` builds them again.
    """

    def __init__(self, app: RecoMindApp, popularity_table: Table[Popularity]) -> None:
        self._app = app
        self._table = popularity_table
        self._index = app.ranking_cache.index
        self._built: dict[int, PartitionLists] = {}
        self._changed: defaultdict[int, set[str]] = defaultdict(set)
        """Partition to the videos whose popularity or tags have changed since the last publication."""
        self._lost_tags: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
        """Partition to (tag, video id) of the tags that videos have lost, or of videos whose scores fell, since."""
        self._scores_fell = False
        self._publishing = asyncio.Lock()
        self.has_removed = asyncio.Event()
        """Set when a video was taken down or has lost a tag; `publish` clears it."""

    def note_change(self, partition: Partition, video_id: str, before: Popularity | None, after: Popularity) -> None:
        """Note that a video's popularity has changed. Its scores have fallen if a like was undone."""
        self._changed[partition].add(video_id)
        if before is not None and any(map(lt, after.like_scores, before.like_scores)):
            self._lost_tags[partition].update((tag, video_id) for tag in _tags_of(self._index.listed_video(video_id)))

    def note_catalogue_change(self, video_id: str, before: Video | None, after: Video | None) -> None:
        """Record that a video is new in lists, has other tags, or was taken down."""
        partition = partition_of(video_id, self._app.options.partitions)
        if partition in self._built and _tags_of(before) != _tags_of(after):
            self._changed[partition].add(video_id)
            lost = _tags_of(before) - _tags_of(after)
            self._lost_tags[partition].update((tag, video_id) for tag in lost)
            if lost:
                self.has_removed.set()

    def rebuild(self, partition: Partition) -> None:
        """Have a partition's lists built and published again by the next `publish`."""
        self._built.pop(partition, None)

    def rebuild_for_lower_scores(self, partition: Partition) -> None:
        """Have a partition's lists built again, and published before the next commit: users were erased."""
        self.rebuild(partition)
        self._scores_fell = True

    async def publish_lower_scores(self) -> None:
        """Publish if scores have fallen: an erasure is not complete before."""
        if self._scores_fell:
            await self.publish()

    async def publish(self) -> None:
        """Publish the lists that have changed; of a new partition, all lists."""
        async with self._publishing:
            self.has_removed.clear()
            scores_fell, self._scores_fell = self._scores_fell, False
            try:
                for partition in all_partitions(self._app.options.partitions):
                    if partition in self._table.partitions:
                        await self._publish(partition)
                    else:
                        self._built.pop(partition, None)
            except BaseException:
                self._scores_fell |= scores_fell
                raise

    async def _publish(self, partition: Partition) -> None:
        assignment, built = self._table.assignment(partition), self._built.get(partition)
        if built is None or built.assignment is not assignment:
            built = self._built[partition] = PartitionLists(assignment, self._build(partition))
        else:
            self._update(partition, built.lists)
        self._changed.pop(partition, None)
        self._lost_tags.pop(partition, None)
        try:
            await self._app.read_model.put_windowed_top(partition, built.lists.take_changed())
        except BaseException:
            self.rebuild(partition)
            raise

    def _build(self, partition: Partition) -> WindowedTopLists:
        """The lists of a partition. Those of every tag are published: Redis may have lists of an earlier owner."""
        lists = WindowedTopLists()
        for video_id, value in self._table.items(partition):
            video = self._index.listed_video(video_id)
            if video is not None:
                lists.put(video_id, value, video.tags)
        lists.mark_changed((ALL_TAGS, *self._index.tag_rows))
        return lists

    def _update(self, partition: Partition, lists: WindowedTopLists) -> None:
        """Bring lists up to date. One that held what has fallen or was removed is made of all its videos again."""
        cleared = dict.fromkeys(
            tag for tag, video_id in self._lost_tags[partition] if lists.clear_if_listed(tag, video_id)
        )
        self._put(partition, lists, self._changed[partition])
        for tag in cleared:
            if tag == ALL_TAGS:
                self._put_all(partition, lists)
            else:
                self._put(partition, lists, {video.video_id for video in self._index.videos_of_tag(tag)})

    def _put_all(self, partition: Partition, lists: WindowedTopLists) -> None:
        """Put all videos into the lists of all videos again."""
        for video_id, value in self._table.items(partition):
            if video_id in self._index.summaries:
                lists.put(video_id, value, ())

    def _put(self, partition: Partition, lists: WindowedTopLists, video_ids: Set[str]) -> None:
        for video_id in video_ids:
            value, video = self._table.get(partition, video_id), self._index.listed_video(video_id)
            if value is not None and video is not None:
                lists.put(video_id, value, video.tags)


def _tags_of(video: Video | None) -> set[str]:
    """The keys of the lists that a video is in."""
    return set() if video is None else {ALL_TAGS, *map(tag_key, video.tags)}
