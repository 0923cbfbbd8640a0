"""By video: fold signals into what is liked together and next, and publish it to the read model."""

from collections import defaultdict
from collections.abc import Mapping

from recomind.model.signals import Signal
from recomind.runtime.app import RecoMindApp
from recomind.runtime.write_behind import Publisher
from recomind.state import neighbours
from recomind.state.neighbours import Neighbours
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import read_signals
from recomind.stream.table import Table
from recomind_tables import neighbours as table


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    keeper = Keeper(app, table.declare(app))
    app.consume(topics.SIGNALS, "neighbours", keeper.take)
    app.replacing["neighbours"] = keeper.replace


class Keeper:
    """Writes the table `neighbours`, alone."""

    def __init__(self, app: RecoMindApp, kept: Table[Neighbours]) -> None:
        self._kept = kept
        self._published = Publisher[Neighbours](app.read_model.put_neighbours)
        self._published.declare(app, "neighbours")

    async def take(self, batch: Batch) -> None:
        """Apply a batch."""
        await self._kept.recovered(batch.partition)
        signals: defaultdict[str, list[Signal]] = defaultdict(list)
        for signal in read_signals(batch).of_videos:
            signals[signal.video_id].append(signal)
        async with self._kept.turn(batch.partition):
            for video_id, some in signals.items():
                known = self._kept.get(batch.partition, video_id) or Neighbours()
                value = neighbours.fold(known, some)
                if value is not known or any(map(neighbours.teaches, some)):
                    self._put(batch.partition, video_id, value)
            self._kept.applied[batch.partition] = batch.records[-1].offset + 1

    def replace(self, partition: int, values: Mapping[str, Neighbours]) -> None:
        """Set values that were made again."""
        for video_id, value in values.items():
            self._put(partition, video_id, value)

    def _put(self, partition: int, video_id: str, value: Neighbours) -> None:
        """Keep and publish a value, one that has not changed as well: a crash may have come between the two."""
        self._kept.put(partition, video_id, value)
        self._published.add(video_id, value)
