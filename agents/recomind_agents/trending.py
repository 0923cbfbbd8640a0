"""Trending: merged from what each partition puts forward. The owner of partition 0 publishes it for all.

By window and tag, each partition's lists are published by its owner and merged by whoever reads them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from recomind.errors import UnavailableError
from recomind.recommender.index.windowed_top import Leaders
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stream.table import Table

WINDOWS_INTERVAL: Final = 2.0
"""Seconds between publications of the lists by window and tag that have changed."""

UNLISTED: Final = 1_000
"""Most videos of a partition that are looked at again as they may yet come into the catalogue."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def publish_trending() -> None:
        await app.replica.follow_audience()
        if app.leads:
            await app.read_model.put_popular(app.replica.popular(app.options.slate_size))

    app.every(min(app.options.publish_interval, app.options.read_model_ttl / 4), app.replica.follow_popularity)
    app.every(app.options.trending_interval, app.replica.follow_catalogue)
    app.every(app.options.trending_interval, publish_trending)


class Windows:
    """The lists by window and tag of this worker's partitions; they follow the table `popularity`."""

    def __init__(self, app: RecoMindApp, kept: Table[Popularity]) -> None:
        self._app = app
        self._kept = kept
        self._leaders: dict[int, Leaders] = {}
        self._touched: defaultdict[int, set[str]] = defaultdict(set)
        self._generation: int | None = None

    def touch(self, partition: int, video_id: str) -> None:
        """A video's popularity has changed."""
        self._touched[partition].add(video_id)

    def forget(self, partition: int) -> None:
        """Make a partition's lists anew and publish them all."""
        self._leaders.pop(partition, None)

    async def publish(self) -> None:
        """Publish the lists that have changed; after a rebalance, all of them."""
        if self._generation != self._app.consumer_generation_id:
            self._generation = self._app.consumer_generation_id
            self._leaders.clear()
        touched, self._touched = self._touched, defaultdict(set)
        for partition in self._kept.partitions:
            if partition not in self._leaders:
                self._leaders[partition] = Leaders()
                touched[partition] = {video_id for video_id, _ in self._kept.items(partition)}
            self._take(partition, touched[partition])
        for partition, leaders in list(self._leaders.items()):
            await self._write(partition, leaders)

    async def _write(self, partition: int, leaders: Leaders) -> None:
        try:
            await self._app.read_model.put_leaders(partition, leaders.changes())
        except UnavailableError:
            self.forget(partition)
            raise

    def _take(self, partition: int, video_ids: Iterable[str]) -> None:
        index = self._app.replica.index
        for video_id in video_ids:
            value = self._kept.get(partition, video_id)
            video = index.videos.get(index.rows.get(video_id, -1))
            if value is None or not value.counts.likes:
                continue
            if video is None and len(self._touched[partition]) < UNLISTED:
                self._touched[partition].add(video_id)
            elif video is not None:
                self._leaders[partition].put(video_id, value.liked, video.tags)
