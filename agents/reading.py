"""Decoding a batch: once, however many agents read it."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from recomind.events import Action, Rejected, read_action
from recomind.signals import Origin, Signal, repaired_lane
from recomind.transport.batches import Batch

ORIGIN: Final = "origin"
LOGGED_AT: Final = "logged_at"

_decode_signals = msgspec.msgpack.Decoder(list[Signal]).decode
pack_signals = msgspec.msgpack.Encoder().encode


class Read(NamedTuple):
    """A record that has been read."""

    origin: Origin
    action: Action | Rejected
    record: ConsumerRecord


def read_actions(batch: Batch) -> Sequence[Read]:
    """The actions of a batch of `video_actions_stream` or `video_actions_repaired`."""
    if batch.read is None:
        batch.read = [read for part in batch.parts for read in read_actions(part)] or list(map(_read, batch.records))
    read: Sequence[Read] = batch.read
    return read


def read_signals(batch: Batch) -> Sequence[Signal]:
    """The signals of a batch of `video_signals`, in their order."""
    if batch.read is None:
        batch.read = [signal for part in batch.parts for signal in read_signals(part)] or [
            signal for record in batch.records for signal in _decode_signals(record.value)
        ]
    read: Sequence[Signal] = batch.read
    return read


def repair_headers(record: ConsumerRecord) -> tuple[tuple[str, bytes], ...]:
    """What a record takes along when it is sent on: where it stood, and when the log took it (milliseconds)."""
    return (ORIGIN, b"%d:%d" % (record.partition, record.offset)), (LOGGED_AT, b"%d" % record.timestamp)


def _read(record: ConsumerRecord) -> Read:
    headers = dict(record.headers) if record.headers else {}
    if record.topic.endswith("_repaired"):
        source, offset = map(int, headers[ORIGIN].split(b":"))
        logged_at = int(headers[LOGGED_AT])
        return Read(Origin(repaired_lane(source, record.partition), offset), _action(record, logged_at), record)
    return Read(Origin(record.partition, record.offset), _action(record, record.timestamp), record)


def _action(record: ConsumerRecord, logged_at: int) -> Action | Rejected:
    return read_action(record.value, logged_at / 1000)


def actions_of(reads: Iterable[Read]) -> Iterable[tuple[Origin, Action, ConsumerRecord]]:
    """Those that could be read."""
    return ((origin, action, record) for origin, action, record in reads if isinstance(action, Action))
