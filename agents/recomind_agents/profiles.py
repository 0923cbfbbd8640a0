"""By user: fold each action into its person's profile, and tell the videos it touches.

The order within a batch is what makes crashes harmless: first the signals (and records sent on to their right
partition) are acknowledged by Kafka, then the profiles change. A profile that has applied an action therefore
proves that its signals were sent; and an action that is delivered again either repeats signals that are known by
their origin, or changes nothing.
"""

from collections import defaultdict
from collections.abc import Sequence

from recomind.model.events import Action, Rejected
from recomind.model.signals import Forgotten, Signal
from recomind.runtime.app import RecoMindApp
from recomind.runtime.write_behind import Publisher
from recomind.state import profile
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import Read, events_of, pack_signals, read_batch, repair_headers
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing
from recomind.stream.table import Table
from recomind_tables import profiles as table

PACK = 500
"""Most signals in a record: it stays far below Kafka's largest."""


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    keeper = Keeper(app, table.declare(app))
    app.consume(topics.ACTIONS, "profiles", keeper.take, linger=False)


class Keeper:
    """Writes the table `profiles`, alone."""

    def __init__(self, app: RecoMindApp, kept: Table[Profile]) -> None:
        self._app = app
        self._kept = kept
        self._published = Publisher[Profile](app.read_model.put_profiles)
        self._published.declare(app, "profiles")

    async def take(self, batch: Batch) -> None:
        """Apply a batch."""
        await self._kept.recovered(batch.partition)
        reads = read_batch(batch, self._app.options.partitions)
        await self._send_on(reads)
        changed, signals = self._fold(batch, reads)
        await self._send(signals)
        for user_id, value in changed.items():
            self._kept.put(batch.partition, user_id, value)
            self._published.add(user_id, value)
        taken = batch.records[0].timestamp / 1000
        self._app.news.add(batch.partition, changed, (read.origin for read, _ in events_of(reads)), taken)
        self._app.reached[batch.partition] = batch.records[-1].offset + 1

    def _fold(self, batch: Batch, reads: Sequence[Read]) -> tuple[dict[str, Profile], list[Signal | Forgotten]]:
        changed: dict[str, Profile] = {}
        signals: list[Signal | Forgotten] = []
        for read, event in events_of(reads):
            user_id = event.user_id
            before = changed.get(user_id) or self._kept.get(batch.partition, user_id) or Profile()
            changed[user_id], news = profile.apply(before, read.origin, read.record.offset, event)
            signals += news
            if isinstance(event, Action):
                self._app.lessons.add(before, event, news)
        if changed:
            self._app.replica.met(max(value.last_at for value in changed.values()))
        return changed, signals

    async def _send(self, signals: Sequence[Signal | Forgotten]) -> None:
        packed: defaultdict[int, list[Signal | Forgotten]] = defaultdict(list)
        partitions = self._app.options.partitions
        for signal in signals:
            if isinstance(signal, Forgotten):
                for target in range(partitions):
                    packed[target].append(signal)
            else:
                packed[partition_of(signal.video_id, partitions)].append(signal)
        await self._app.send_packed(
            topics.SIGNALS,
            {
                target: [
                    Outgoing(None, pack_signals(some[start : start + PACK])) for start in range(0, len(some), PACK)
                ]
                for target, some in packed.items()
            },
        )

    async def _send_on(self, reads: Sequence[Read]) -> None:
        """Send records that stand in a wrong partition to their right one, in this log."""
        astray: defaultdict[int, list[Outgoing]] = defaultdict(list)
        for read in reads:
            if read.astray and not isinstance(read.action, Rejected):
                user_id, record = read.action.user_id, read.record
                target = partition_of(user_id, self._app.options.partitions)
                astray[target].append(Outgoing(user_id.encode(), record.value, repair_headers(record)))
        await self._app.send_packed(topics.ACTIONS, astray)
