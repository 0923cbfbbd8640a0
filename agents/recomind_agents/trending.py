"""Merge the partitions' most popular videos into trending; the leader publishes it for all workers.

Top lists by window and tag are published for each partition by its owner, and merged when they are read.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from recomind.errors import UnavailableError
from recomind.recommender.index.windowed_top import WindowedTopLists
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stream.table import Table

WINDOWED_TOP_INTERVAL_S: Final = 2.0
"""Time between two publications of the changed lists by window and tag."""

MAX_UNLISTED_VIDEOS: Final = 1_000
"""Videos of a partition that are not in the catalogue yet and are tried again, at most."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    loader = app.ranking_cache.loader

    async def publish_trending() -> None:
        await loader.follow_trending_and_model()
        if app.assignment.is_leader:
            await app.read_model.put_popular_videos(app.ranking_cache.trending_json(app.options.slate_size))

    app.timer(min(app.options.publish_interval, app.options.read_model_ttl / 4))(loader.follow_popularity)
    app.timer(app.options.trending_interval)(loader.follow_catalogue)
    app.timer(app.options.trending_interval)(publish_trending)


class WindowedTopPublisher:
    """Publishes the top lists by window and tag of this worker's partitions, from the table `popularity`."""

    def __init__(self, app: RecoMindApp, popularity_table: Table[Popularity]) -> None:
        self._app = app
        self._table = popularity_table
        self._lists: dict[int, WindowedTopLists] = {}
        self._changed: defaultdict[int, set[str]] = defaultdict(set)
        """Partition to the videos whose popularity has changed since the last publication."""
        self._generation: int | None = None

    def mark_changed(self, partition: int, video_id: str) -> None:
        """Record that a video's popularity has changed."""
        self._changed[partition].add(video_id)

    def rebuild(self, partition: int) -> None:
        """Have a partition's lists built and published again by the next `publish`."""
        self._lists.pop(partition, None)

    async def publish(self) -> None:
        """Publish the lists that have changed; after a rebalance, all lists."""
        if self._generation != self._app.consumer_generation_id:
            self._generation = self._app.consumer_generation_id
            self._lists.clear()
        changed, self._changed = self._changed, defaultdict(set)
        for partition in self._table.partitions:
            if partition not in self._lists:
                self._lists[partition] = WindowedTopLists()
                changed[partition] = {video_id for video_id, _ in self._table.items(partition)}
            self._update(partition, changed[partition])
        for partition, lists in list(self._lists.items()):
            await self._store(partition, lists)

    async def _store(self, partition: int, lists: WindowedTopLists) -> None:
        try:
            await self._app.read_model.put_windowed_top(partition, lists.take_changed())
        except UnavailableError:
            self.rebuild(partition)
            raise

    def _update(self, partition: int, video_ids: Iterable[str]) -> None:
        index = self._app.ranking_cache.index
        for video_id in video_ids:
            value = self._table.get(partition, video_id)
            video = index.videos.get(index.rows.get(video_id, -1))
            if value is None or not value.counts.likes:
                continue
            if video is None and len(self._changed[partition]) < MAX_UNLISTED_VIDEOS:
                self._changed[partition].add(video_id)  # tried again: it may come into the catalogue
            elif video is not None:
                self._lists[partition].set_scores(video_id, value.like_scores, video.tags)
