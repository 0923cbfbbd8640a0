"""Recompute a partition of the log of actions: its profiles, and the outputs expected from it elsewhere."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, cast

import msgspec
from aiokafka import ConsumerRecord

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.model.events import Action, EraseUser, Note, Rejected, is_session
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import (
    NOT_JOINED,
    ActionSignal,
    ErasureSignal,
    Signal,
    SourceOffset,
    UndoSignal,
    rerouted_source,
)
from recomind.offline.verification.compare_merged import MergedActions
from recomind.offline.verification.digests import DigestSet
from recomind.offline.verification.expected_rows import ExpectedRows
from recomind.offline.verification.recompute_outcomes import RecomputedOutcomes
from recomind.state import profile_fold
from recomind.state.fingerprints import InBlocks, video_hash
from recomind.state.older_feedback import counted_block
from recomind.state.profile import Profile, counted, has_seen
from recomind.state.served_lists import void_lists, with_joined
from recomind.state.user_blocks import UserBlocks
from recomind.stores.archive_rows import archived_action
from recomind.stream.codec import DecodedRecord, decode_record, encode_signals
from recomind.stream.dead_letters import dead_letter_key
from recomind.stream.partitioner import partition_of

ERASURE_PATTERN: Final = re.compile(rb"forget|merge|expire|\\u")
"""Found in every erasure record: the word itself, or a JSON escape that may hide it. A cheap test before decoding."""


class ExpectedOutputs:
    """Outputs expected from the logs of all partitions; filled partition by partition."""

    def __init__(self) -> None:
        self.signals = DigestSet()
        self.rows = ExpectedRows()
        """Rows of `video_actions`."""
        self.dead_letters: dict[str, bytes] = {}
        """Dead letters by key."""
        self.rerouted: set[SourceOffset] = set()
        """Records that must have been rerouted, by the source offset with which they arrive."""
        self.arrived: set[SourceOffset] = set()
        """Rerouted records that did arrive."""
        self.merged = MergedActions()
        self.dropped_likes: dict[SourceOffset, str] = {}
        """Repeated likes, with their users, of videos whose first like the profile no longer holds as such."""
        self.forgetful_until = 0.0
        """Until when an earlier version may have forgotten likes and feedback beyond the latest; epoch seconds."""
        self.not_compared: set[SourceOffset] = set()
        """Actions whose signals may be those of an earlier version, which knew no watch times and local contexts, and
        counted no repeated likes, see `old_likes`."""


class RecomputedUsers:
    """The users of a partition."""

    def __init__(
        self,
        log: LogIdentity,
        expected: ExpectedOutputs,
        erased_at: Mapping[str, int],
        outcomes: RecomputedOutcomes | None = None,
    ) -> None:
        self.profiles: dict[str, Profile] = {}
        """With what follows from served lists, until `leave_out_outcomes`."""
        self._blocks = UserBlocks()
        self.seen_blocks = self._blocks.seen
        """Blocks by key, as the table `seen_blocks` has them."""
        self.older_blocks = self._blocks.older
        """Blocks by key, as the table `older_feedback` has them."""
        self.logged_at: dict[str, float] = {}
        """When Kafka stored each user's latest record, epoch seconds."""
        self.old_users: set[str] = set()
        """Users who acted while an earlier version may have run."""
        self._outcomes = outcomes
        self._log = log
        self._expected = expected
        self._erased_at = erased_at
        """User to the offset of the last record that asked to erase them."""

    def apply_records(self, records: Iterable[ConsumerRecord]) -> None:
        """Apply the next records of the partition."""
        for record in records:
            decoded = decode_record(record, self._log)
            if isinstance(decoded.action, Note):
                continue
            if isinstance(decoded.action, Rejected):
                self._expected.dead_letters[dead_letter_key(record)] = decoded.action.raw
            elif decoded.misrouted and not decoded.rerouted:
                target = partition_of(decoded.action.user_id, self._log.partitions)
                self._expected.rerouted.add(SourceOffset(rerouted_source(record.partition, target), record.offset))
            elif not decoded.misrouted:
                self._apply(decoded, decoded.action)

    def complete(self, user_id: str) -> Profile:
        """A user's profile with all videos acted on."""
        return self._blocks.complete(user_id, self.profiles[user_id])

    def leave_out_outcomes(self) -> None:
        """Leave out what follows from served lists: a profile and its blocks are compared without that."""
        self.profiles.update({user_id: counted(profile) for user_id, profile in self.profiles.items()})
        self.older_blocks.update({key: counted_block(block) for key, block in self.older_blocks.items()})

    def has_seen(self, user_id: str) -> Callable[[str], bool]:
        """Says whether a user has acted on a video."""
        known = self.profiles.get(user_id) or Profile()
        return partial(_has_seen, known, self._blocks.of_user(user_id, known)[0])

    def _apply(self, decoded: DecodedRecord, event: Action | EraseUser) -> None:
        user_id = event.user_id
        known = self.profiles.get(user_id) or Profile()
        blocks = self._blocks.of_user(user_id, known)
        after, signals = profile_fold.apply_event(known, decoded.source_offset, decoded.log_offset, event, *blocks)
        if self._outcomes is not None and after is not known:
            video_id = event.video_id if isinstance(event, Action) else ""
            logged_at = decoded.record.timestamp / 1000
            self._outcomes.counting.note(user_id, logged_at, video_id, partial(_has_seen, known, blocks[0]))
        after = self._join(decoded, known, after, event, signals)
        self.profiles[user_id] = self._blocks.seal_after(user_id, known, after)
        self.logged_at[user_id] = decoded.record.timestamp / 1000
        self._note_old(decoded, known, event, signals)
        if _is_repeat_of_dropped_like(known, signals):
            self._expected.dropped_likes[decoded.source_offset] = user_id
        for signal in signals:
            for target in range(self._log.partitions) if isinstance(signal, ErasureSignal) else [None]:
                self._expected.signals.add(decoded.source_offset, (target, signal_digest(signal)))
        is_new = after is not known  # what is rerouted once more has its row already, if it has not been erased
        if is_new or not decoded.rerouted:
            self._expect_rows(decoded, event)
        if decoded.source_offset.source != decoded.record.partition:
            self._expected.arrived.add(decoded.source_offset)

    def _expect_rows(self, decoded: DecodedRecord, event: Action | EraseUser) -> None:
        """Expect the row of an action, and what follows from the rows of a session that is merged."""
        if isinstance(event, EraseUser):
            self._expected.merged.note_erasure(event)
            return
        row = archived_action(decoded.source_offset, event, self._log)
        if decoded.log_offset > self._erased_at.get(event.user_id, -1):
            self._expected.rows.add(decoded.source_offset, row, decoded.record.timestamp / 1000)
        if is_session(event.user_id):
            self._expected.merged.note_row(row)
        elif event.merged is not None:
            self._expected.merged.note_found(event)

    def _note_old(
        self, decoded: DecodedRecord, known: Profile, event: Action | EraseUser, signals: Sequence[object]
    ) -> None:
        """Note what an earlier version may have made of an action in another way."""
        user_id = event.user_id
        if self.logged_at[user_id] < max(self._expected.rows.bare_until, self._expected.forgetful_until):
            self.old_users.add(user_id)
            has_details = isinstance(event, Action) and (event.watched_ms, event.context) != (None, None)
            if signals and has_details:
                self._expected.not_compared.add(decoded.source_offset)
        if user_id in self.old_users and any(_depends_on_older(known, one) for one in signals):
            self._expected.not_compared.add(decoded.source_offset)

    def _join(
        self,
        decoded: DecodedRecord,
        known: Profile,
        after: Profile,
        event: Action | EraseUser,
        signals: Sequence[object],
    ) -> Profile:
        """Recount the outcomes of served lists; returns the profile after the event, with what follows from these."""
        logged_at = decoded.record.timestamp / 1000
        if self._outcomes is None:
            return after
        if isinstance(event, EraseUser):
            return void_lists(known, after, logged_at)
        if not signals:
            return after
        own = cast("Sequence[Signal]", signals)
        return with_joined(after, event, self._outcomes.join(known, event, decoded.source_offset, own, logged_at))


def _has_seen(known: Profile, in_blocks: InBlocks, video_id: str) -> bool:
    """Whether a user with a profile and blocks has acted on a video."""
    return has_seen(known, video_id) or (known.seen_blocks > 0 and in_blocks(video_hash(video_id)))


def _is_repeat_of_dropped_like(known: Profile, signals: Sequence[Signal | ErasureSignal]) -> bool:
    """Whether an action is a repeated like of a video that is not among the profile's likes any more."""
    first = signals[0] if signals else None
    if not isinstance(first, ActionSignal) or not first.is_repeated_like:
        return False
    return all(like.video_id != first.video_id for like in known.likes)


def _depends_on_older(known: Profile, signal: object) -> bool:
    """Whether a signal follows from likes or feedback that an earlier version did not remember, or not as exactly."""
    if isinstance(signal, UndoSignal):
        entries = known.likes if signal.action_type == "like" else known.feedback
        return signal.repeats > 0 or all(one.video_id != signal.video_id for one in entries)
    if not isinstance(signal, ActionSignal):
        return False
    return signal.was_undone or (signal.is_repeat and signal.action_type in FEEDBACK_TYPES)


def erasure_offsets(
    records: Iterable[ConsumerRecord], log: LogIdentity, *, keeping_counts: bool = True
) -> dict[str, int]:
    """User to the offset of the last record among these records of a partition that asks to erase them.

    Args:
        records: of the log of actions.
        log: its identity.
        keeping_counts: whether to include those after which videos keep what they have counted.
    """
    found: dict[str, int] = {}
    for record in records:
        if ERASURE_PATTERN.search(record.value or b""):
            decoded = decode_record(record, log)
            if not isinstance(decoded.action, EraseUser) or decoded.misrouted:
                continue
            if keeping_counts or not decoded.action.keeps_counts:
                found[decoded.action.user_id] = record.offset
    return found


def signal_digest(signal: Signal | ErasureSignal) -> bytes:
    """A value that identifies a signal, whatever its worker had learned, and whichever version it had."""
    if isinstance(signal, ActionSignal):  # `Outcomes` has the outcome
        signal = msgspec.structs.replace(
            signal, increments=b"", outcome=NOT_JOINED, is_repeated_like=False, expected=0.0
        )
    elif isinstance(signal, UndoSignal):
        signal = msgspec.structs.replace(signal, increments=b"", outcome=NOT_JOINED)
    return encode_signals(signal)
