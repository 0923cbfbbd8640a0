"""By user: fold each action into its user's profile, and send signals to the videos that it concerns.

The order within a batch makes crashes harmless. First Kafka acknowledges the signals, and misrouted records that are
sent to their right partition; then the profiles change. So a profile that has applied an action proves that its signals
were sent. An action that is delivered again repeats signals, which videos recognise by their source offset, or changes
nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.events import Action, Rejected
from recomind.model.signals import ErasureSignal, Signal
from recomind.runtime.app import RecoMindApp
from recomind.runtime.publishing import publish_table
from recomind.runtime.trainer import TrainingExample
from recomind.runtime.write_behind import WriteBehind
from recomind.state import profile
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import DecodedRecord, decode_batch, events_of, rerouting_headers, signals_record
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind.stream.table import Table
from recomind_tables import profiles as table

logger = get_logger(__name__)

MAX_SIGNALS_PER_RECORD: Final = 500

MAX_SIGNAL_BYTES: Final = 256 * 1024
"""Largest record of signals, far below Kafka's default limit of 1 MB. Ids of 128 characters reach it first."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = ProfileProcessor(app, table.declare(app))
    app.batch_agent(topics.ACTIONS, name="profiles", linger=False)(processor.process)


class ProfileProcessor:
    """The only writer of the table `profiles`."""

    def __init__(self, app: RecoMindApp, profiles: Table[Profile]) -> None:
        self._app = app
        self._profiles = profiles
        self._read_model = WriteBehind[Profile](app.read_model.put_profiles)
        publish_table(app, "profiles", self._read_model)

    async def process(self, batch: Batch) -> None:
        """Process a batch of actions."""
        await self._profiles.recovered(batch.partition)
        decoded = decode_batch(batch, self._app.options.partitions)
        await self._reroute(decoded)
        changed, signals, examples = self._fold(batch, decoded)
        await self._train(examples)
        await self._send(signals)
        for user_id, value in changed.items():
            self._profiles.put(batch.partition, user_id, value)
            self._read_model.add(user_id, value)
        logged_at = batch.records[0].timestamp / 1000
        source_offsets = (one.source_offset for one, _ in events_of(decoded))
        self._app.refresh_queue.add(batch.partition, changed, source_offsets, logged_at)
        self._app.backlog.folded_actions[batch.partition] = batch.records[-1].offset + 1

    def _fold(
        self, batch: Batch, records: Sequence[DecodedRecord]
    ) -> tuple[dict[str, Profile], list[Signal | ErasureSignal], list[TrainingExample]]:
        """The changed profiles by user, the signals to send, and the likes to train the blend on."""
        changed: dict[str, Profile] = {}
        signals: list[Signal | ErasureSignal] = []
        examples: list[TrainingExample] = []
        first_new = self._app.backlog.first_new_offset(batch.partition)
        for decoded, event in events_of(records):
            user_id = event.user_id
            before = changed.get(user_id) or self._profiles.get(batch.partition, user_id) or Profile()
            after, derived = profile.apply_event(before, decoded.source_offset, decoded.record.offset, event)
            if isinstance(event, Action):
                is_first, logged_at = decoded.record.offset >= first_new, decoded.record.timestamp / 1000
                after, derived, example = self._app.trainer.learn_outcome(
                    before, after, event, derived, logged_at, is_first
                )
                examples += [example] if example else []
            else:
                self._app.served_window.erase(user_id)
            changed[user_id] = after
            signals += derived
        if changed:
            self._app.ranking_cache.advance_time(max(value.last_at for value in changed.values()))
        return changed, signals, examples

    async def _train(self, examples: Sequence[TrainingExample]) -> None:
        try:
            await self._app.trainer.train(examples)
        except UnavailableError as error:  # nothing waits to be learned later
            logger.warning("likes of a batch do not train the blend: %s", error)

    async def _send(self, signals: Sequence[Signal | ErasureSignal]) -> None:
        """Send signals to the partitions of their videos; erasures go to all partitions."""
        by_partition: defaultdict[int, list[Signal | ErasureSignal]] = defaultdict(list)
        partitions = self._app.options.partitions
        for signal in signals:
            if isinstance(signal, ErasureSignal):
                for target in range(partitions):
                    by_partition[target].append(signal)
            else:
                by_partition[partition_of(signal.video_id, partitions)].append(signal)
        records = {target: _packed(some) for target, some in by_partition.items()}
        await self._app.send_records(topics.SIGNALS, records)

    async def _reroute(self, records: Sequence[DecodedRecord]) -> None:
        """Send misrouted records to their right partition of the same topic."""
        rerouted: defaultdict[int, list[ProducerRecord]] = defaultdict(list)
        for decoded in records:
            if decoded.misrouted and not isinstance(decoded.action, Rejected):
                user_id, record = decoded.action.user_id, decoded.record
                target = partition_of(user_id, self._app.options.partitions)
                rerouted[target].append(ProducerRecord(user_id.encode(), record.value, rerouting_headers(record)))
        await self._app.send_records(topics.ACTIONS, rerouted)


def _packed(signals: Sequence[Signal | ErasureSignal]) -> list[ProducerRecord]:
    """Records of signals, within both limits."""
    starts = range(0, len(signals), MAX_SIGNALS_PER_RECORD)
    return [one for start in starts for one in _within_limit(signals[start : start + MAX_SIGNALS_PER_RECORD])]


def _within_limit(signals: Sequence[Signal | ErasureSignal]) -> list[ProducerRecord]:
    """One record, or more where it would be too large."""
    record, middle = signals_record(signals), len(signals) // 2
    if len(record.value or b"") <= MAX_SIGNAL_BYTES or not middle:
        return [record]
    return _within_limit(signals[:middle]) + _within_limit(signals[middle:])
