"""By user: fold each action into its user's profile, and send signals to the videos that it concerns.

The order within a batch makes crashes harmless. First Kafka acknowledges the signals, and misrouted records that are
sent to their right partition; then the profiles change. So a profile that has applied an action proves that its signals
were sent. An action that is delivered again repeats signals, which videos recognise by their source offset, or changes
nothing.

With a profile, the blocks that it counts are stored before it in the changelogs: of seen videos, and of older feedback.
Blocks of seen videos are stored in the read model, too, and before the profile.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.action_types import UNDONE_BY
from recomind.model.events import Action, EraseUser
from recomind.model.ids import Offset, Partition, all_partitions
from recomind.model.signals import ErasureSignal, Signal, SourceOffset
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage
from recomind.runtime.publishing import publish_table
from recomind.runtime.trainer import TrainingExample
from recomind.runtime.write_behind import WriteBehind
from recomind.state import older_feedback, seen_blocks
from recomind.state.older_feedback import OlderFeedback, OlderSearch
from recomind.state.profile import Profile, has_seen
from recomind.state.profile_fold import apply_event
from recomind.state.seen_blocks import BlockSearch, SeenBlock, block_key, block_of_key
from recomind.state.served_lists import ServedLists, void_lists
from recomind.stores.read_model import STAGE_MERGED_PROFILE
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import (
    DecodedRecord,
    decode_batch,
    events_of,
    merged_sessions,
    rerouting_headers,
    signals_record,
    to_reroute,
)
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind.stream.table import Table
from recomind_tables import older_feedback as older_table
from recomind_tables import profiles as table
from recomind_tables import seen_blocks as blocks_table

logger = get_logger(__name__)

Block = TypeVar("Block", SeenBlock, OlderFeedback)
Blocks = dict[str, Block | None]
"""Changed blocks by key; None for one that is deleted."""

MAX_SIGNALS_PER_RECORD: Final = 500

MAX_SIGNAL_BYTES: Final = 256 * 1024
"""Largest record of signals, far below Kafka's default limit of 1 MB. Ids of 128 characters reach it first."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    blocks, older = blocks_table.declare(app), older_table.declare(app)
    processor = ProfileProcessor(app, table.declare(app, blocks, older), blocks, older)
    app.batch_agent(topics.ACTIONS, name="profiles", linger=False)(processor.process)


class ProfileProcessor:
    """The only writer of the tables `profiles`, `seen_blocks` and `older_feedback`."""

    def __init__(
        self,
        app: RecoMindApp,
        profiles: Table[Profile],
        blocks: Table[SeenBlock],
        older: Table[OlderFeedback],
    ) -> None:
        self._app = app
        self._profiles = profiles
        self._blocks = blocks
        self._older = older
        self._new_blocks: dict[int, Blocks[SeenBlock]] = {}
        """By partition, those of the batch that is being folded, by key: they are not in the table yet."""
        self._new_older: dict[int, Blocks[OlderFeedback]] = {}
        """The same of older feedback."""
        self._search = BlockSearch(self._block)
        self._older_search = OlderSearch(self._older_block)
        self._read_model = WriteBehind[Profile | SeenBlock](self._publish)
        self._merged: dict[str, int] = {}
        """Sessions whose actions are in profiles that wait to be published, to the offset of their control record."""
        publish_table(app, "profiles", self._read_model)
        app.commit_steps.register(Stage.STORES, self._note_merged)
        app.table_writers["seen_blocks"] = self._read_model
        app.ranking_cache.completer.own_block = self._own_block

    async def process(self, batch: Batch) -> None:
        """Process a batch of actions."""
        self._app.backlog.first_new_offset(batch.partition)  # noted before any wait, in which the log grows
        await self._profiles.recovered(batch.partition)
        await self._blocks.recovered(batch.partition)
        await self._older.recovered(batch.partition)
        times = [record.timestamp / 1000 for record in batch.records]
        lists = await self._app.served_window.prepare(batch.partition, min(times), max(times))
        decoded = decode_batch(batch, self._app.actions_log)
        await self._reroute(decoded)
        changed, signals, examples = await self._fold(batch, decoded, lists)
        blocks = self._new_blocks[batch.partition]
        # training reads them; until a profile counts them, nothing else does
        put_blocks(self._blocks, batch.partition, blocks)
        put_blocks(self._older, batch.partition, self._new_older[batch.partition])
        await self._train(examples)
        await self._send(signals)
        for key, block in blocks.items():
            if block is not None:  # in the read model, `put_profiles` deletes those that are gone
                self._read_model.add(key, block)
        for user_id, value in changed.items():
            self._profiles.put(batch.partition, user_id, value)
            self._read_model.add(user_id, value)
        logged_at = batch.records[0].timestamp / 1000
        self._app.refresh_queue.add(batch.partition, changed, _source_offsets(decoded), logged_at)
        self._merged |= merged_sessions(decoded)
        self._app.backlog.folded_actions[batch.partition] = batch.records[-1].offset + 1

    async def _fold(
        self, batch: Batch, records: Sequence[DecodedRecord], lists: ServedLists
    ) -> tuple[dict[str, Profile], list[Signal | ErasureSignal], list[TrainingExample]]:
        """The changed profiles by user, signals, and likes to train on; changed blocks are in `_new_blocks`."""
        changed: dict[str, Profile] = {}
        blocks = self._new_blocks[batch.partition] = Blocks[SeenBlock]()
        older = self._new_older[batch.partition] = Blocks[OlderFeedback]()
        signals: list[Signal | ErasureSignal] = []
        examples: list[TrainingExample] = []
        time_slice = self._app.time_slices.begin()
        first_new = self._app.backlog.first_new_offset(batch.partition)
        for decoded, event in events_of(records):
            user_id = event.user_id
            before = changed.get(user_id) or self._profiles.get(batch.partition, user_id) or Profile()
            of_user = self._search.of_user(user_id, before), self._older_search.of_user(user_id, before)
            after, derived = apply_event(before, decoded.source_offset, decoded.log_offset, event, *of_user)
            logged_at = decoded.record.timestamp / 1000
            if isinstance(event, EraseUser):
                after = void_lists(before, after, logged_at)
                self._app.served_figures.erase(user_id)
                self._app.served_window.presence.erase(user_id)
            elif derived:
                own = [one for one in derived if not isinstance(one, ErasureSignal)]
                is_first = decoded.record.offset >= first_new and event.merged is None
                joined = lists.join(before, event, own, logged_at)
                with self._app.ranking_cache.learning_from(user_id, joined.place):
                    learned = self._app.trainer.learn_outcome(before, after, event, own, joined, is_first)
                after, derived, example = learned
                examples += [example] if example else []
                if event.merged is None and event.action_type not in UNDONE_BY:
                    is_new = not has_seen(before, event.video_id)
                    self._app.served_figures.add_action(batch.partition, logged_at, event, is_new=is_new)
            after, sealed = seen_blocks.seal_after(user_id, before, after)
            changed[user_id], sealed_older = older_feedback.seal_after(user_id, before, after)
            blocks |= sealed
            older |= sealed_older
            signals += derived
            await time_slice.end_if_due()
        if changed:
            self._app.ranking_cache.advance_time(max(value.last_at for value in changed.values()))
        return changed, signals, examples

    async def _train(self, examples: Sequence[TrainingExample]) -> None:
        try:
            await self._app.trainer.train(examples)
        except UnavailableError as error:  # nothing waits to be learned later
            logger.warning("likes of a batch do not train the blend: %s", error)

    def _block(self, user_id: str, number: int) -> SeenBlock:
        """A block that a profile counts; an empty one where something else has destroyed it in the changelog."""
        partition, key = partition_of(user_id, self._app.options.partitions), block_key(user_id, number)
        block = self._new_blocks.get(partition, {}).get(key)
        if block is None:
            block = self._blocks.get(partition, key)
        return block if block is not None else SeenBlock({}, b"")

    def _older_block(self, user_id: str, number: int) -> OlderFeedback:
        """As `_block`, of older feedback."""
        partition, key = partition_of(user_id, self._app.options.partitions), block_key(user_id, number)
        block = self._new_older.get(partition, {}).get(key) or self._older.get(partition, key)
        return block if block is not None else OlderFeedback({}, b"")

    def _own_block(self, user_id: str, number: int) -> SeenBlock | None:
        partition = partition_of(user_id, self._app.options.partitions)
        is_own = partition in self._blocks.partitions
        return self._blocks.get(partition, block_key(user_id, number)) if is_own else None

    async def _publish(self, values: Mapping[str, Profile | SeenBlock]) -> None:
        """Publish profiles by user and blocks by key: no user id is the key of a block.

        Then the lists of these users are outdated. Those of present users are replaced in a moment, others dropped.
        """
        profiles = {key: one for key, one in values.items() if isinstance(one, Profile)}
        blocks = {block_of_key(key): one for key, one in values.items() if isinstance(one, SeenBlock)}
        await self._app.read_model.put_profiles(profiles, blocks)
        is_due = self._app.served_window.presence.is_due
        await self._app.read_model.drop_lists([user_id for user_id in profiles if not is_due(user_id)])

    async def _note_merged(self) -> None:
        """Record which sessions are merged; the profiles have been published."""
        merged, self._merged = self._merged, {}
        try:
            progress = {(STAGE_MERGED_PROFILE, session): offset for session, offset in merged.items()}
            await self._app.read_model.put_erasure_progress(progress)
        except BaseException:
            self._merged = merged | self._merged
            raise

    async def _send(self, signals: Sequence[Signal | ErasureSignal]) -> None:
        """Send signals to the partitions of their videos; erasures go to all partitions."""
        by_partition: defaultdict[Partition, list[Signal | ErasureSignal]] = defaultdict(list)
        partitions = self._app.options.partitions
        for signal in signals:
            if isinstance(signal, ErasureSignal):
                for target in all_partitions(partitions):
                    by_partition[target].append(signal)
            else:
                by_partition[partition_of(signal.video_id, partitions)].append(signal)
        records = {target: _packed(some) for target, some in by_partition.items()}
        await self._app.send_records(topics.SIGNALS, records)

    async def _reroute(self, records: Sequence[DecodedRecord]) -> None:
        """Send misrouted records to their right partition of the same topic."""
        rerouted: defaultdict[Partition, list[ProducerRecord]] = defaultdict(list)
        log = self._app.actions_log
        for decoded, event in to_reroute(records):
            headers = rerouting_headers(decoded.record, log)
            copy = ProducerRecord(event.user_id.encode(), decoded.record.value, headers)
            rerouted[partition_of(event.user_id, log.partitions)].append(copy)
        await self._app.send_records(topics.ACTIONS, rerouted)


def put_blocks(table: Table[Block], partition: Partition, blocks: Blocks[Block]) -> None:
    """Put changed blocks into their table."""
    for key, block in blocks.items():
        if block is None:
            table.delete(partition, key)
        else:
            table.put(partition, key, block)


def _source_offsets(records: Sequence[DecodedRecord]) -> Iterator[SourceOffset]:
    """What profiles have applied of records: of an action by a merged session, also its place among these."""
    for decoded, event in events_of(records):
        yield decoded.source_offset
        if isinstance(event, Action) and event.merged is not None:
            source, offset = event.merged
            yield SourceOffset(source, Offset(offset))


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
