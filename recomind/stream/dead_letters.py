"""Dead letters: what could not be read, listed, and sent again once it is mended.

A letter stays in its topic for good. One that was sent again is written once more under its key, with a header that
tells where the mended record stands, so it is neither listed nor sent twice. Should that be lost, as when a worker
delivers the original again, or a crash comes between the two writes: a mended record without an event id gets one
that follows from its letter's key, and counts once among the last `EVENT_IDS` events of its person.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from aiokafka import ConsumerRecord

from recomind.errors import InputError
from recomind.model.events import Action, Rejected, read_action
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing, Sender

REASON: Final = "reason"
FIELD: Final = "field"
LOGGED_AT: Final = "logged-at"
SENT_AGAIN: Final = "sent-again"

CHUNK: Final = 500
"""Letters acknowledged together."""

LETTERS_NAMESPACE: Final = uuid5(NAMESPACE_OID, topics.DEAD_LETTERS)


class Letter(msgspec.Struct, frozen=True):
    """A dead letter."""

    key: str
    """Where the record stands: `topic:partition:offset`."""
    at: datetime
    """When the log took it."""
    reason: str
    field: str
    """The field at fault; empty where the record as a whole cannot be read."""
    partition: int
    """Of the topic of dead letters."""
    original: bytes
    sent_again: str = ""
    """Where the mended record stands, `partition:offset`; empty where there is none."""


class Mended(msgspec.Struct, frozen=True):
    """A letter's record as it is to be sent: a line of `recomind dead-letters list --json`, edited."""

    key: str
    record: Any


def letter_key(record: ConsumerRecord) -> str:
    """The key of a dead letter: where the record stands."""
    return f"{record.topic}:{record.partition}:{record.offset}"


def outgoing(letter: Letter) -> Outgoing:
    """The letter as it is written down."""
    headers = {REASON: letter.reason, FIELD: letter.field, LOGGED_AT: f"{letter.at.timestamp() * 1000:.0f}"}
    if letter.sent_again:
        headers[SENT_AGAIN] = letter.sent_again
    packed = tuple((name, value.encode()) for name, value in headers.items())
    return Outgoing(letter.key.encode(), letter.original, packed)


async def read_letters(settings: Settings) -> dict[str, Letter]:
    """All dead letters by key, in the order of their topic's partitions.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    found: dict[str, Letter] = {}
    kafka, partitions = client_options(settings), range(settings.partitions)
    async for partition, records in read_to_end(kafka, topics.DEAD_LETTERS, partitions):
        for record in records:
            if record.value is not None:
                found[record.key.decode()] = _letter(partition, record)
    return found


def shown(letter: Letter) -> Mapping[str, Any]:
    """The letter for people and programs; the record as JSON where it is an object, else as text."""
    record = _object(letter.original)
    text = letter.original.decode(errors="backslashreplace")
    return {
        "key": letter.key,
        "at": letter.at,
        "reason": letter.reason,
        "field": letter.field or None,
        "sent_again": letter.sent_again or None,
        "record": text if record is None else record,
    }


def read_mended(lines: Iterable[bytes]) -> list[Mended]:
    """What is to be sent, from lines of JSON.

    Raises:
        InputError: a line is none; the message tells which.
    """
    found: dict[str, Mended] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=Mended)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f'line {number} is not {{"key": ..., "record": {{...}}}}: {error}') from error
        if one.key in found:
            raise InputError(f"line {number}: {one.key} comes twice")
        found[one.key] = one
    return list(found.values())


def checked(mended: Iterable[Mended], letters: Mapping[str, Letter], now: float) -> dict[str, Outgoing]:
    """Letter's key to the record to send, every one of which is an action by the product's own decoder.

    Raises:
        InputError: some are none; the message tells all of them, and nothing should be sent.
    """
    records: dict[str, Outgoing] = {}
    faults: list[str] = []
    for one in mended:
        letter = letters.get(one.key)
        if letter is None:
            faults.append(f"{one.key}: there is no such dead letter")
            continue
        read = read_action(raw := _completed(one, letter), now)
        if isinstance(read, Action):
            records[one.key] = Outgoing(read.user_id.encode(), raw)
        else:
            why = read.reason if isinstance(read, Rejected) else "this asks to forget a person: use DELETE /users"
            faults.append(f"{one.key}: {why}")
    if faults:
        raise InputError("nothing was sent, as not all can be read:\n  " + "\n  ".join(faults))
    return records


async def send_again(settings: Settings, records: Mapping[str, Outgoing], letters: Mapping[str, Letter]) -> None:
    """Send records to `video_actions_stream`, wait until Kafka has them, and note it on their letters.

    Raises:
        UnavailableError: Kafka does not answer; what was sent before is noted, and the rest may be tried again.
    """
    sender = Sender(client_options(settings))
    await sender.start()
    try:
        left = list(records.items())
        for start in range(0, len(left), CHUNK):
            await _send_some(sender, settings.partitions, dict(left[start : start + CHUNK]), letters)
    finally:
        await sender.stop()


async def _send_some(
    sender: Sender, partitions: int, records: Mapping[str, Outgoing], letters: Mapping[str, Letter]
) -> None:
    by_partition: defaultdict[int, list[str]] = defaultdict(list)
    for key, record in records.items():
        by_partition[partition_of((record.key or b"").decode(), partitions)].append(key)
    notes: defaultdict[int, list[Outgoing]] = defaultdict(list)
    for partition, keys in by_partition.items():
        offsets = await sender.write(topics.ACTIONS, partition, [records[key] for key in keys])
        for key, offset in zip(keys, offsets, strict=True):
            noted = msgspec.structs.replace(letters[key], sent_again=f"{partition}:{offset}")
            notes[noted.partition].append(outgoing(noted))
    for partition, some in notes.items():
        await sender.send_all(topics.DEAD_LETTERS, partition, some)


def _completed(mended: Mended, letter: Letter) -> bytes:
    """The record's bytes: its time, where it has none, is when the log took the original."""
    record = mended.record
    if isinstance(record, str):
        record = _object(record.encode(errors="surrogatepass")) or record
    if not isinstance(record, dict):
        return record.encode(errors="surrogatepass") if isinstance(record, str) else msgspec.json.encode(record)
    given = {name: value for name, value in record.items() if value is not None}
    derived = {"timestamp": letter.at, "event_id": uuid5(LETTERS_NAMESPACE, letter.key)}
    return msgspec.json.encode({**derived, **given})


def _letter(partition: int, record: ConsumerRecord) -> Letter:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    logged_at = int(headers.get(LOGGED_AT, record.timestamp)) / 1000
    return Letter(
        record.key.decode(),
        datetime.fromtimestamp(logged_at, UTC),
        headers.get(REASON, ""),
        headers.get(FIELD, ""),
        partition,
        record.value,
        headers.get(SENT_AGAIN, ""),
    )


def _object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that these bytes are; None where they are something else."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
