"""Decoding of records of `video_actions_stream` and `video_signals`: once per batch, however many agents read it.

A misrouted record stands in another partition than its user's, because a producer used another key or partitioner. The
agent `profiles` writes it again to the user's partition of the same topic, with headers that say where it came from,
and it counts there. So the log of a partition is the only order of its users' events, at every delivery and replay.

These headers are trusted only with proof that a worker of this log wrote them: the id of the log, in a header of its
own. Records that were copied from another cluster have another id, or none, and count as ordinary records.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.errors import UnreadableError
from recomind.model.events import MAX_TIMESTAMP, Action, EraseUser, Note, OnUnknown, Rejected, read_action
from recomind.model.ids import Offset
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import (
    ActionSignal,
    ErasureSignal,
    PassedOverSignal,
    Signal,
    SourceOffset,
    TransitionSignal,
    UndoSignal,
    rerouted_source,
)
from recomind.stream.batches import Batch
from recomind.stream.encoding import VERSION_HEADERS, check_record, place_of
from recomind.stream.merged_actions import LOG_HEADER, merged_from
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind.stream.unknown_fields import UNKNOWN_FIELDS

logger = get_logger(__name__)

ORIGIN_HEADER: Final = "recomind-origin"
LOGGED_AT_HEADER: Final = "recomind-logged-at"

_ORIGIN = re.compile(rb"(\d{1,5}):(\d{1,18})")
_LOGGED_AT = re.compile(rb"\d{1,15}")

_decode_signal_list = msgspec.msgpack.Decoder(list[Signal | ErasureSignal]).decode
encode_signals = msgspec.msgpack.Encoder().encode


class DecodedRecord(msgspec.Struct, frozen=True, gc=False):
    """A decoded record of `video_actions_stream`."""

    source_offset: SourceOffset
    """Identity of the event: of a rerouted record, where it was first logged."""
    action: Action | EraseUser | Note | Rejected
    record: ConsumerRecord
    misrouted: bool = False
    """It stands in another partition than its user's: it must not be applied here."""
    rerouted: bool = False
    """Whether a worker of this log wrote it, as a copy of a misrouted record.

    A copy that is misrouted was written for another number of partitions. It is not rerouted: the original is.
    """
    asked_at: Offset | None = None
    """Of an action by a session that was merged: the offset at which that was asked for."""

    @property
    def log_offset(self) -> Offset:
        """Where the event belongs in the order of the log: an erasure at or after it includes the event."""
        return Offset(self.record.offset) if self.asked_at is None else self.asked_at


class Signals(NamedTuple):
    """The signals of records of `video_signals`, each kind in log order."""

    video_signals: list[Signal]
    erasures: list[ErasureSignal]
    unreadable_records: int = 0
    """Records that hold no signals: something else than RecoMind wrote them."""


def decode_batch(batch: Batch, log: LogIdentity) -> Sequence[DecodedRecord]:
    """The decoded records of a batch of `video_actions_stream`, cached in the batch. Unknown fields are warned of.

    Args:
        batch: the batch.
        log: the log that it comes from.
    """
    if batch.decoded is None:
        batch.decoded = [one for part in batch.parts for one in decode_batch(part, log)] or [
            decode_record(record, log, UNKNOWN_FIELDS.note) for record in batch.records
        ]
    decoded: Sequence[DecodedRecord] = batch.decoded
    return decoded


def decode_record(record: ConsumerRecord, log: LogIdentity, on_unknown: OnUnknown | None = None) -> DecodedRecord:
    """Decode a record of `video_actions_stream`; `on_unknown` is called if it has unknown fields."""
    copied = _copied_from(record, log) if record.headers else None
    source_offset, logged_at = copied or (SourceOffset(record.partition, record.offset), record.timestamp)
    action = read_action(record.value, logged_at / 1000, on_unknown)
    merged = merged_from(record, log) if record.headers else None
    if merged is not None and isinstance(action, Action):
        action = msgspec.structs.replace(action, merged=(merged.source, merged.offset))
    is_copy = copied is not None
    if not isinstance(action, Rejected) and partition_of(action.user_id, log.partitions) != record.partition:
        return DecodedRecord(SourceOffset(record.partition, record.offset), action, record, True, is_copy)
    return DecodedRecord(source_offset, action, record, False, is_copy, None if merged is None else merged.asked_at)


def events_of(decoded: Iterable[DecodedRecord]) -> Iterator[tuple[DecodedRecord, Action | EraseUser]]:
    """Actions and erasure records, without notes, rejected and misrouted records."""
    return ((one, one.action) for one in decoded if not isinstance(one.action, Rejected | Note) and not one.misrouted)


def merged_sessions(decoded: Iterable[DecodedRecord]) -> dict[str, int]:
    """Sessions whose actions are complete in the records up to these: session to the offset of its control record."""
    notes = [one.action for one in decoded if isinstance(one.action, Note) and not one.misrouted]
    return {str(note.session): note.merge_offset for note in notes if note.merge_offset is not None}


def actions_of(decoded: Iterable[DecodedRecord]) -> Iterator[tuple[SourceOffset, Action]]:
    """Actions and their source offsets, without misrouted records."""
    return ((one.source_offset, one.action) for one in decoded if isinstance(one.action, Action) and not one.misrouted)


def to_reroute(decoded: Iterable[DecodedRecord]) -> Iterator[tuple[DecodedRecord, Action | EraseUser]]:
    """Misrouted records, which are to be written again."""
    return (
        (one, one.action)
        for one in decoded
        if one.misrouted and not one.rerouted and not isinstance(one.action, Rejected | Note)
    )


def rerouting_headers(record: ConsumerRecord, log: LogIdentity) -> tuple[tuple[str, bytes], ...]:
    """Headers of a misrouted record when it is written again: its partition, offset, log time (ms), and our proof."""
    origin = b"%d:%d" % (record.partition, record.offset)
    logged_at = min(max(0, record.timestamp), int(1000 * MAX_TIMESTAMP) - 1)  # producers may set any time
    proof = LOG_HEADER, log.log_id.encode()
    return (ORIGIN_HEADER, origin), (LOGGED_AT_HEADER, b"%d" % logged_at), proof


def signals_record(signals: Sequence[Signal | ErasureSignal]) -> ProducerRecord:
    """A record of `video_signals`, with the version of its encoding."""
    return ProducerRecord(None, encode_signals(signals), VERSION_HEADERS)


def decode_signal_batch(batch: Batch) -> Signals:
    """The signals of a batch of `video_signals`, cached in the batch. Unreadable records are skipped.

    Raises:
        NewerEncodingError: a newer RecoMind wrote a record.
    """
    if batch.decoded is None:
        parts = [decode_signal_batch(part) for part in batch.parts] or [readable_signals(one) for one in batch.records]
        batch.decoded = Signals(
            [one for part in parts for one in part.video_signals],
            [one for part in parts for one in part.erasures],
            sum(part.unreadable_records for part in parts),
        )
    decoded: Signals = batch.decoded
    return decoded


def readable_signals(
    record: ConsumerRecord, on_unreadable: Callable[[UnreadableError], None] = logger.error
) -> Signals:
    """The signals of one record of `video_signals`; none, and a call of `on_unreadable`, if it cannot be read.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
    """
    try:
        return decode_signals(record)
    except UnreadableError as error:
        on_unreadable(error)
        return Signals([], [], unreadable_records=1)


def decode_signals(record: ConsumerRecord) -> Signals:
    """The signals of one record of `video_signals`.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
        UnreadableError: it holds no signals.
    """
    check_record(record)
    try:
        signals: list[Any] = _decode_signal_list(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(place_of(record), error) from error
    if any("\0" in name for one in signals for name in _ids(one)):  # which PostgreSQL cannot store
        raise UnreadableError(place_of(record), "an id holds a NUL character")
    erasures = [one for one in signals if type(one) is ErasureSignal]
    video_signals = [one for one in signals if type(one) is not ErasureSignal] if erasures else signals
    return Signals(video_signals, erasures)


def _ids(signal: Signal | ErasureSignal) -> tuple[str, ...]:
    if type(signal) is ActionSignal:
        return signal.video_id, signal.user_id, *signal.history
    if type(signal) is TransitionSignal:
        return signal.video_id, signal.user_id, signal.next_video_id
    if type(signal) is PassedOverSignal or type(signal) is UndoSignal:
        return signal.video_id, signal.user_id
    return (signal.user_id,)


def _copied_from(record: ConsumerRecord, log: LogIdentity) -> tuple[SourceOffset, int] | None:
    """Source offset and log time (milliseconds) of a rerouted record; None where the headers are not ours."""
    headers = dict(record.headers)
    proof = headers.get(LOG_HEADER)
    is_ours = record.timestamp / 1000 < log.unproven_until if proof is None else proof == log.log_id.encode()
    origin = _ORIGIN.fullmatch(headers.get(ORIGIN_HEADER) or b"")
    logged_at = _LOGGED_AT.fullmatch(headers.get(LOGGED_AT_HEADER) or b"")
    if origin is None or logged_at is None or not is_ours:
        return None
    source = rerouted_source(int(origin[1]), record.partition)
    return SourceOffset(source, Offset(int(origin[2]))), int(logged_at[0])
