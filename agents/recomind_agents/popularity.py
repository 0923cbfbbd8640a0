"""By video: fold signals into windowed popularity, and publish it to the read model and the archive.

Each partition also publishes its most popular videos, which `trending` merges.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from recomind.model.signals import ActionSignal
from recomind.recommender.candidates import trending
from recomind.recommender.candidates.trending import trending_top_k
from recomind.recommender.index.top_k import ScoredTopK
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage
from recomind.runtime.publishing import publish_table, republish
from recomind.runtime.write_behind import WriteBehind
from recomind.state import popularity
from recomind.state.popularity import Popularity
from recomind.stores.read_model import ScoredVideos
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_signal_batch
from recomind.stream.table import Table
from recomind_agents.trending import WINDOWED_TOP_INTERVAL_S, WindowedTopPublisher
from recomind_tables import popularity as table


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = PopularityProcessor(app, table.declare(app))
    app.batch_agent(topics.SIGNALS, name="popularity")(processor.process)
    app.replacers["popularity"] = processor.replace
    app.timer(app.options.trending_interval)(processor.publish_partition_top)
    app.timer(app.options.trending_interval)(processor.republish_lost)
    app.timer(WINDOWED_TOP_INTERVAL_S)(processor.windowed_top.publish)
    app.commit_steps.register(Stage.STORES, processor.publish_partition_top)


class PopularityProcessor:
    """The only writer of the table `popularity`."""

    def __init__(self, app: RecoMindApp, popularity_table: Table[Popularity]) -> None:
        self._app = app
        self._table = popularity_table
        self._read_model = WriteBehind[Popularity](app.read_model.put_popularity)
        publish_table(app, "popularity", self._read_model)
        self._archive = WriteBehind[Popularity](self._store_in_archive)
        app.commit_steps.register(Stage.STORES, self._archive.flush)
        self._dirty_partitions: set[int] = set()
        """Partitions whose most popular videos may differ from those in the read model."""
        self._top: dict[int, ScoredTopK] = {}
        """Partition to its most popular videos; built when it is first needed."""
        self._generation: int | None = None
        self.windowed_top = WindowedTopPublisher(app, popularity_table)
        self._publishing = asyncio.Lock()

    async def process(self, batch: Batch) -> None:
        """Process a batch of signals."""
        await self._table.recovered(batch.partition)
        signals: defaultdict[str, list[ActionSignal]] = defaultdict(list)
        for signal in decode_signal_batch(batch).video_signals:
            if type(signal) is ActionSignal:
                signals[signal.video_id].append(signal)
        async with self._table.lock(batch.partition):
            for video_id, some in signals.items():
                known = self._table.get(batch.partition, video_id) or Popularity()
                self._put(batch.partition, video_id, popularity.fold(known, some))
            self._table.applied_until[batch.partition] = batch.records[-1].offset + 1

    def replace(self, partition: int, values: Mapping[str, Popularity]) -> None:
        """Set values that were folded again. Scores may have fallen, so the partition's top lists are built again."""
        self._top.pop(partition, None)
        for video_id, value in values.items():
            self._put(partition, video_id, value)
        self.windowed_top.rebuild(partition)

    async def publish_partition_top(self) -> None:
        """Publish the most popular videos of each dirty partition; it stays dirty on failure."""
        async with self._publishing:
            if self._generation != self._app.consumer_generation_id:  # a partition may have been elsewhere and returned
                self._generation = self._app.consumer_generation_id
                self._top.clear()
            for partition in sorted(self._dirty_partitions & set(self._table.partitions)):
                self._dirty_partitions.discard(partition)
                try:
                    await self._app.read_model.put_partition_top(partition, self._partition_top(partition))
                except BaseException:
                    self._dirty_partitions.add(partition)
                    raise

    async def republish_lost(self) -> None:
        """Publish all values of the partitions that Redis has lost, or has older values of."""
        for partition in await self._app.read_model.lost_partitions(self._table.partitions):
            self._app.refresh_queue.invalidate_watermark(partition)
            run_id = await self._app.read_model.begin_publishing(partition)
            await republish(self._app, partition)
            self._dirty_partitions.add(partition)
            self.windowed_top.rebuild(partition)
            await self.publish_partition_top()
            await self._app.read_model.finish_publishing(partition, run_id)

    def _partition_top(self, partition: int) -> ScoredVideos:
        """The most popular videos of a partition: at first from all its videos, then updated by `_put`."""
        if partition not in self._top:
            self._top[partition] = trending_top_k(self._table.items(partition))
        return tuple(self._top[partition].entries())

    def _put(self, partition: int, video_id: str, value: Popularity) -> None:
        self._table.put(partition, video_id, value)
        self._read_model.add(video_id, value)
        self._archive.add(video_id, value)
        self._dirty_partitions.add(partition)
        if partition in self._top:
            self._top[partition].set_score(video_id, trending.score(value.like_scores))
        self.windowed_top.mark_changed(partition, video_id)

    async def _store_in_archive(self, videos: Mapping[str, Popularity]) -> None:
        """Store log-scores, whose order does not depend on when a row was written."""
        rows = [(video_id, trending.score(one.like_scores), one.last_at) for video_id, one in videos.items()]
        await self._app.archive.put_popularity(rows)
