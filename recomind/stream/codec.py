"""Decoding a batch: once, however many agents read it.

A record that stands in a wrong partition is astray: it is sent on to its person's partition of the same log, with
headers that tell where it stood, and counts where it arrives. So a partition's order is the order of everything
that ever happens to its people, whoever reads it and however often.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from recomind.model.events import Action, Forget, Rejected, read_action
from recomind.model.signals import Forgotten, Origin, Signal, repaired_lane
from recomind.stream.batches import Batch
from recomind.stream.partitioner import partition_of

ORIGIN: Final = "recomind-origin"
LOGGED_AT: Final = "recomind-logged-at"

_ORIGIN = re.compile(rb"(\d{1,5}):(\d{1,18})")
_LOGGED_AT = re.compile(rb"\d{1,15}")

_decode_signals = msgspec.msgpack.Decoder(list[Signal | Forgotten]).decode
pack_signals = msgspec.msgpack.Encoder().encode


class Read(msgspec.Struct, frozen=True, gc=False):
    """A record that has been read."""

    origin: Origin
    action: Action | Forget | Rejected
    record: ConsumerRecord
    astray: bool = False
    """It stands in a wrong partition: sent on, and counted where it arrives."""


def read_batch(batch: Batch, partitions: int) -> Sequence[Read]:
    """The records of a batch of `video_actions_stream`, which has so many partitions."""
    if batch.read is None:
        batch.read = [read for part in batch.parts for read in read_batch(part, partitions)] or [
            read_record(record, partitions) for record in batch.records
        ]
    read: Sequence[Read] = batch.read
    return read


class Signals(NamedTuple):
    """What a batch of `video_signals` tells, each in its order."""

    of_videos: list[Signal]
    of_forgotten: list[Forgotten]


def read_signals(batch: Batch) -> Signals:
    """The signals of a batch of `video_signals`."""
    if batch.read is None:
        parts = [read_signals(part) for part in batch.parts] or [unpack_signals(one.value) for one in batch.records]
        batch.read = Signals([one for part in parts for one in part[0]], [one for part in parts for one in part[1]])
    read: Signals = batch.read
    return read


def unpack_signals(value: bytes) -> Signals:
    """The signals of a record."""
    signals: list[Any] = _decode_signals(value)
    forgotten = [one for one in signals if type(one) is Forgotten]
    of_videos = [one for one in signals if type(one) is not Forgotten] if forgotten else signals
    return Signals(of_videos, forgotten)


def repair_headers(record: ConsumerRecord) -> tuple[tuple[str, bytes], ...]:
    """What a record takes along when it is sent on: where it stood, and when the log took it (milliseconds)."""
    return (ORIGIN, b"%d:%d" % (record.partition, record.offset)), (LOGGED_AT, b"%d" % record.timestamp)


def read_record(record: ConsumerRecord, partitions: int) -> Read:
    """Read a record of `video_actions_stream`, which has so many partitions."""
    sent_on = _sent_on(record) if record.headers else None
    origin, logged_at = sent_on or (Origin(record.partition, record.offset), record.timestamp)
    action = read_action(record.value, logged_at / 1000)
    if not isinstance(action, Rejected) and partition_of(action.user_id, partitions) != record.partition:
        return Read(Origin(record.partition, record.offset), action, record, astray=True)
    return Read(origin, action, record)


def _sent_on(record: ConsumerRecord) -> tuple[Origin, int] | None:
    """Where a record stood that was sent on, and when the log first took it; None for any other."""
    headers = dict(record.headers)
    origin, logged_at = _ORIGIN.fullmatch(headers.get(ORIGIN, b"")), _LOGGED_AT.fullmatch(headers.get(LOGGED_AT, b""))
    if origin is None or logged_at is None:
        return None
    return Origin(repaired_lane(int(origin[1]), record.partition), int(origin[2])), int(logged_at[0])


def events_of(reads: Iterable[Read]) -> Iterator[tuple[Read, Action | Forget]]:
    """Actions and control records that stand in their right partition."""
    return ((read, read.action) for read in reads if not isinstance(read.action, Rejected) and not read.astray)


def actions_of(reads: Iterable[Read]) -> Iterator[tuple[Origin, Action]]:
    """Actions that stand in their right partition."""
    return ((read.origin, read.action) for read in reads if isinstance(read.action, Action) and not read.astray)
