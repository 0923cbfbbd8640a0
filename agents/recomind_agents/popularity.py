"""By video: fold signals into popularity, and publish it to the read model and the archive."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from recomind.model.signals import Touched
from recomind.recommender.candidates import trending
from recomind.recommender.candidates.trending import best_of
from recomind.recommender.index.windowed_top import Best
from recomind.runtime.app import RecoMindApp
from recomind.runtime.write_behind import Publisher, publish_all
from recomind.state import popularity
from recomind.state.popularity import Popularity
from recomind.stores.read_model import Scored
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import read_signals
from recomind.stream.table import Table
from recomind_agents.trending import WINDOWS_INTERVAL, Windows
from recomind_tables import popularity as table


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    keeper = Keeper(app, table.declare(app))
    app.consume(topics.SIGNALS, "popularity", keeper.take)
    app.replacing["popularity"] = keeper.replace
    app.every(app.options.trending_interval, keeper.put_forward)
    app.every(app.options.trending_interval, keeper.mend)
    app.every(WINDOWS_INTERVAL, keeper.windows.publish)
    app.commit_hooks.append(keeper.put_forward)


class Keeper:
    """Writes the table `popularity`, alone."""

    def __init__(self, app: RecoMindApp, kept: Table[Popularity]) -> None:
        self._app = app
        self._kept = kept
        self._read_model = Publisher[Popularity](app.read_model.put_popularity)
        self._read_model.declare(app, "popularity")
        self._archive = Publisher[Popularity](self._archived)
        app.commit_hooks.append(self._archive.flush)
        self._restless: set[int] = set()
        self._best: dict[int, Best] = {}
        self._generation: int | None = None
        self.windows = Windows(app, kept)
        self._putting = asyncio.Lock()

    async def take(self, batch: Batch) -> None:
        """Apply a batch."""
        await self._kept.recovered(batch.partition)
        touches: defaultdict[str, list[Touched]] = defaultdict(list)
        for signal in read_signals(batch).of_videos:
            if type(signal) is Touched:
                touches[signal.video_id].append(signal)
        async with self._kept.turn(batch.partition):
            for video_id, some in touches.items():
                known = self._kept.get(batch.partition, video_id) or Popularity()
                self._put(batch.partition, video_id, popularity.fold(known, some))
            self._kept.applied[batch.partition] = batch.records[-1].offset + 1

    def replace(self, partition: int, values: Mapping[str, Popularity]) -> None:
        """Set values that were made again; their scores may have fallen, so what leads is looked for anew."""
        self._best.pop(partition, None)
        for video_id, value in values.items():
            self._put(partition, video_id, value)
        self.windows.forget(partition)

    async def put_forward(self) -> None:
        """Publish the most popular videos of each partition that changed; it stays noted until Redis has them."""
        async with self._putting:
            if self._generation != self._app.consumer_generation_id:  # others may have written what is ours again
                self._generation = self._app.consumer_generation_id
                self._best.clear()
            for partition in sorted(self._restless & set(self._kept.partitions)):
                self._restless.discard(partition)
                try:
                    await self._app.read_model.put_trending(partition, self._leading(partition))
                except BaseException:
                    self._restless.add(partition)
                    raise

    async def mend(self) -> None:
        """Publish all of a partition whose values Redis has lost, or has old ones of."""
        for partition in await self._app.read_model.lost(self._kept.partitions):
            self._app.news.doubt(partition)
            run = await self._app.read_model.begin_publishing(partition)
            await publish_all(self._app, partition)
            self._restless.add(partition)
            self.windows.forget(partition)
            await self.put_forward()
            await self._app.read_model.mark_published(partition, run)

    def _leading(self, partition: int) -> Scored:
        """What a partition puts forward: all its videos are looked at once, then only those that change."""
        if partition not in self._best:
            self._best[partition] = best_of(self._kept.items(partition))
        return tuple(self._best[partition].first())

    def _put(self, partition: int, video_id: str, value: Popularity) -> None:
        self._kept.put(partition, video_id, value)
        self._read_model.add(video_id, value)
        self._archive.add(video_id, value)
        self._restless.add(partition)
        if partition in self._best:
            self._best[partition].put(video_id, trending.score(value.liked))
        self.windows.touch(partition, video_id)

    async def _archived(self, videos: Mapping[str, Popularity]) -> None:
        """Write scores down: log-scores, so that rows of different age stay in their right order."""
        rows = [(video_id, trending.score(one.liked), one.last_at) for video_id, one in videos.items()]
        await self._app.archive.put_popularity(rows)
