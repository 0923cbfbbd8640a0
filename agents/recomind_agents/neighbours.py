"""By video: fold signals into videos that are liked together or next, and publish them to the read model."""

from collections import defaultdict
from collections.abc import Mapping

from recomind.model.ids import Partition
from recomind.model.signals import Signal
from recomind.runtime.app import RecoMindApp
from recomind.runtime.publishing import publish_table
from recomind.runtime.write_behind import WriteBehind
from recomind.state import neighbours
from recomind.state.neighbours import Neighbours
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import decode_signal_batch
from recomind.stream.table import Table
from recomind_tables import neighbours as table


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = NeighboursProcessor(app, table.declare(app))
    app.batch_agent(topics.SIGNALS, name="neighbours")(processor.process)
    app.replacers["neighbours"] = processor.replace


class NeighboursProcessor:
    """The only writer of the table `neighbours`."""

    def __init__(self, app: RecoMindApp, neighbours_table: Table[Neighbours]) -> None:
        self._table, self._time_slices = neighbours_table, app.time_slices
        self._read_model = WriteBehind[Neighbours](app.read_model.put_neighbours)
        publish_table(app, "neighbours", self._read_model)

    async def process(self, batch: Batch) -> None:
        """Process a batch of signals."""
        await self._table.recovered(batch.partition)
        signals: defaultdict[str, list[Signal]] = defaultdict(list)
        for signal in decode_signal_batch(batch).video_signals:
            signals[signal.video_id].append(signal)
        time_slice = self._time_slices.begin()
        async with self._table.lock(batch.partition):
            for video_id, some in signals.items():
                known = self._table.get(batch.partition, video_id) or Neighbours()
                value = neighbours.fold(known, some)
                if value is not known or any(map(neighbours.is_relevant, some)):
                    self._put(batch.partition, video_id, value)
                await time_slice.end_if_due()
            self._table.applied_until[batch.partition] = batch.records[-1].offset + 1

    def replace(self, partition: Partition, values: Mapping[str, Neighbours]) -> None:
        """Set values that were folded again."""
        for video_id, value in values.items():
            self._put(partition, video_id, value)

    def _put(self, partition: Partition, video_id: str, value: Neighbours) -> None:
        """Store and publish a value, even an unchanged one: a crash may have prevented the publication."""
        self._table.put(partition, video_id, value)
        self._read_model.add(video_id, value)
