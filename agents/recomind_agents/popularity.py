"""By video: fold signals into windowed popularity, and publish it to the read model and the archive.

The most liked videos of each partition are published by `trending.WindowedTopPublisher`.
"""

from collections import defaultdict
from collections.abc import Mapping

from recomind.model.applied_offsets import is_new
from recomind.model.ids import Partition
from recomind.model.signals import TransitionSignal
from recomind.recommender.candidates import trending
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage
from recomind.runtime.publishing import publish_table, republish
from recomind.runtime.write_behind import WriteBehind
from recomind.state import popularity
from recomind.state.popularity import Popularity, VideoSignal
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_signal_batch
from recomind.stream.partitioner import partition_of
from recomind.stream.table import Table
from recomind_agents.trending import REMOVAL_INTERVAL_S, WINDOWED_TOP_INTERVAL_S, WindowedTopPublisher
from recomind_tables import popularity as table


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = PopularityProcessor(app, table.declare(app))
    app.batch_agent(topics.SIGNALS, name="popularity")(processor.process)
    app.replacers["popularity"] = processor.replace
    app.checks.on_eviction.append(processor.republish_top_lists)
    app.timer(app.options.trending_interval)(processor.republish_lost)
    app.timer(WINDOWED_TOP_INTERVAL_S)(processor.windowed_top.publish)
    app.commit_steps.register(Stage.STORES, processor.windowed_top.publish_lower_scores)
    app.ranking_cache.loader.catalogue.listeners.append(processor.windowed_top.note_catalogue_change)
    app.timer(REMOVAL_INTERVAL_S, while_set=processor.windowed_top.has_removed)(processor.windowed_top.publish)


class PopularityProcessor:
    """The only writer of the table `popularity`."""

    def __init__(self, app: RecoMindApp, popularity_table: Table[Popularity]) -> None:
        self._app = app
        self._table = popularity_table
        self._read_model = WriteBehind[Popularity](app.read_model.put_popularity)
        publish_table(app, "popularity", self._read_model)
        self._archive = WriteBehind[Popularity](self._store_in_archive)
        app.commit_steps.register(Stage.STORES, self._archive.flush)
        self.windowed_top = WindowedTopPublisher(app, popularity_table)

    async def process(self, batch: Batch) -> None:
        """Process a batch of signals."""
        await self._table.recovered(batch.partition)
        signals: defaultdict[str, list[VideoSignal]] = defaultdict(list)
        decoded = decode_signal_batch(batch)
        self._app.metrics.unreadable_records.labels(topics.SIGNALS).inc(decoded.unreadable_records)
        for signal in decoded.video_signals:
            if type(signal) is not TransitionSignal:
                signals[signal.video_id].append(signal)
        time_slice = self._app.time_slices.begin()
        async with self._table.lock(batch.partition):
            for video_id, some in signals.items():
                known = self._table.get(batch.partition, video_id) or Popularity()
                for signal in some:
                    if is_new(known.applied_offsets, signal.source, signal.offset):
                        self._app.shared_factors.add(batch.partition, video_id, signal.increments)
                self._put(batch.partition, video_id, popularity.fold(known, some))
                await time_slice.end_if_due()
            self._table.applied_until[batch.partition] = batch.records[-1].offset + 1

    def replace(self, partition: Partition, values: Mapping[str, Popularity]) -> None:
        """Set values that were folded again. Scores may have fallen, so the partition's top lists are built again."""
        for video_id, value in values.items():
            self._put(partition, video_id, value)
        self.windowed_top.rebuild_for_lower_scores(partition)

    async def republish_lost(self) -> None:
        """Publish all values of the partitions that Redis has lost, or has older values of."""
        for partition in await self._app.read_model.lost_partitions(self._table.partitions):
            self._app.refresh_queue.invalidate_watermark(partition)
            run_id = await self._app.read_model.begin_publishing(partition)
            await republish(self._app, partition)
            self.windowed_top.rebuild(partition)
            await self.windowed_top.publish()
            await self._app.read_model.finish_publishing(partition, run_id)

    def republish_top_lists(self) -> None:
        """Have the top lists of all partitions published again, as Redis may have lost some."""
        for partition in self._table.partitions:
            self.windowed_top.rebuild(partition)

    def _put(self, partition: Partition, video_id: str, value: Popularity) -> None:
        self.windowed_top.note_change(partition, video_id, self._table.get(partition, video_id), value)
        self._table.put(partition, video_id, value)
        self._read_model.add(video_id, value)
        self._archive.add(video_id, value)

    async def _store_in_archive(self, videos: Mapping[str, Popularity]) -> None:
        """Store log-scores, whose order does not depend on when a row was written.

        Values wait here while nothing can be committed. Those of partitions that have moved to another worker are left
        out: that worker applies the same signals again, and has newer values.
        """
        owned = set(self._table.partitions)
        rows = [
            (video_id, trending.score(one.like_scores), one.last_at)
            for video_id, one in videos.items()
            if partition_of(video_id, self._app.options.partitions) in owned
        ]
        if rows:
            await self._app.archive.put_popularity(rows)
