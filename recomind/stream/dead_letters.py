"""Dead letters: records that could not be decoded; they are listed, corrected and sent again.

A dead letter stays in its topic. When its corrected record is sent, the dead letter is written once more under the same
key, with a header that says where the corrected record is: it is then neither listed nor sent again. That note may be
lost: a worker may write the dead letter again when the original is redelivered, or the sender may crash between the two
writes. So a corrected record without an event id gets one that is derived from the dead letter's key, and a second copy
is recognised as long as the id is among the last `MAX_EVENT_IDS` events of its user.

A dead letter holds at most the first `MAX_ORIGINAL_BYTES` of its record, and fewer where the topic takes less: whatever
Kafka took as a record must fit. The header `cut-from` is the whole length, and the key says where the record is.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from aiokafka import ConsumerRecord

from recomind.errors import InputError, UnreadableError
from recomind.model.events import MAX_TIMESTAMP, Action, Rejected, read_action
from recomind.model.ids import Partition, all_partitions
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.encoding import place_of
from recomind.stream.log_reader import read_to_end
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord

REASON_HEADER: Final = "reason"
FIELD_HEADER: Final = "field"
LOGGED_AT_HEADER: Final = "logged-at"
RESENT_AS_HEADER: Final = "sent-again"
CUT_FROM_HEADER: Final = "cut-from"

MAX_ORIGINAL_BYTES: Final = 64 * 1024
"""How much of a record a dead letter holds: four times the largest action."""

_KEY: Final = re.compile(rb"[\w.-]{1,249}:\d{1,10}:\d{1,19}")

CHUNK_RECORDS: Final = 500
"""Corrected records sent before their dead letters are marked."""

DEAD_LETTERS_NAMESPACE: Final = uuid5(NAMESPACE_OID, topics.DEAD_LETTERS)


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that could not be decoded, and why."""

    key: str
    """Where the record is: `topic:partition:offset`."""
    logged_at: datetime
    """When Kafka appended the record."""
    reason: str
    field: str
    """The invalid field; empty if the record as a whole cannot be decoded."""
    partition: Partition
    """Partition of the topic of dead letters."""
    original: bytes
    """The value of the record, or its beginning."""
    resent_as: str = ""
    """Where the corrected record is, `partition:offset`; empty if there is none."""
    cut_from: int | None = None
    """Length of the record's value, if `original` is only its beginning."""

    def cut(self, limit: int) -> "DeadLetter":
        """This dead letter with at most so many bytes of the record."""
        if len(self.original) <= limit:
            return self
        return msgspec.structs.replace(self, original=self.original[:limit], cut_from=self.length)

    @property
    def length(self) -> int:
        """Length of the record's value."""
        return len(self.original) if self.cut_from is None else self.cut_from

    def is_of(self, original: bytes) -> bool:
        """Whether it holds this record, or its beginning."""
        return self.length == len(original) and original.startswith(self.original)


class CorrectedRecord(msgspec.Struct, frozen=True):
    """A record to send: a line of `recomind dead-letters list --json`, edited."""

    key: str
    """Of its dead letter."""
    record: Any


def dead_letter_key(record: ConsumerRecord) -> str:
    """The key of a record's dead letter."""
    return f"{record.topic}:{record.partition}:{record.offset}"


def to_producer_record(dead_letter: DeadLetter) -> ProducerRecord:
    """The dead letter as it is written to its topic."""
    headers = {
        REASON_HEADER: dead_letter.reason,
        FIELD_HEADER: dead_letter.field,
        LOGGED_AT_HEADER: f"{dead_letter.logged_at.timestamp() * 1000:.0f}",
    }
    if dead_letter.resent_as:
        headers[RESENT_AS_HEADER] = dead_letter.resent_as
    if dead_letter.cut_from is not None:
        headers[CUT_FROM_HEADER] = str(dead_letter.cut_from)
    encoded = tuple((name, value.encode()) for name, value in headers.items())
    return ProducerRecord(dead_letter.key.encode(), dead_letter.original, encoded)


def from_record(partition: Partition, record: ConsumerRecord) -> DeadLetter:
    """The dead letter in a record of its topic.

    Raises:
        UnreadableError: it is none: RecoMind has not written it.
    """
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    logged_at, cut_from = headers.get(LOGGED_AT_HEADER, str(record.timestamp)), headers.get(CUT_FROM_HEADER)
    if record.value is None or not _KEY.fullmatch(record.key or b""):
        raise UnreadableError(place_of(record), "it is no dead letter")
    return DeadLetter(
        record.key.decode(),
        moment(int(logged_at) if logged_at.isdecimal() else 0),
        headers.get(REASON_HEADER, ""),
        headers.get(FIELD_HEADER, ""),
        partition,
        record.value,
        headers.get(RESENT_AS_HEADER, ""),
        int(cut_from) if cut_from is not None and cut_from.isdecimal() else None,
    )


def moment(milliseconds: int) -> datetime:
    """The time of a record, as Kafka has it: producers may set any, if their topic lets them."""
    return datetime.fromtimestamp(min(max(0, milliseconds), int(1000 * MAX_TIMESTAMP) - 1) / 1000, UTC)


async def read_dead_letters(
    settings: Settings, on_unreadable: Callable[[UnreadableError], None] = lambda _: None
) -> dict[str, DeadLetter]:
    """All dead letters by key, partition after partition.

    Args:
        settings: how to reach Kafka.
        on_unreadable: called with the place of each record that is no dead letter, and is left out.

    Raises:
        UnavailableError: Kafka does not answer.
        RefusedError: Kafka refuses to be read.
    """
    found: dict[str, DeadLetter] = {}
    kafka, partitions = client_options(settings), all_partitions(settings.partitions)
    async for partition, records in read_to_end(kafka, topics.DEAD_LETTERS, partitions):
        for record in records:
            try:
                dead_letter = from_record(partition, record)
            except UnreadableError as error:
                on_unreadable(error)
            else:
                found[dead_letter.key] = dead_letter
    return found


def printable_fields(dead_letter: DeadLetter) -> Mapping[str, Any]:
    """What `recomind dead-letters list` prints; `record` is a JSON object if the original is one, else text.

    Of a dead letter that was cut, `cut_from` is the length of its record.
    """
    record = _json_object(dead_letter.original)
    text = dead_letter.original.decode(errors="backslashreplace")
    return {
        "key": dead_letter.key,
        "at": dead_letter.logged_at,
        "reason": dead_letter.reason,
        "field": dead_letter.field or None,
        "sent_again": dead_letter.resent_as or None,
        **({} if dead_letter.cut_from is None else {"cut_from": dead_letter.cut_from}),
        "record": text if record is None else record,
    }


def parse_corrections(lines: Iterable[bytes]) -> list[CorrectedRecord]:
    """The corrected records in lines of JSON; empty lines are skipped.

    Raises:
        InputError: a line is invalid, or repeats a key; the message gives its number.
    """
    found: dict[str, CorrectedRecord] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            correction = msgspec.json.decode(line, type=CorrectedRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f'line {number} is not {{"key": ..., "record": {{...}}}}: {error}') from error
        if correction.key in found:
            raise InputError(f"line {number}: {correction.key} comes twice")
        found[correction.key] = correction
    return list(found.values())


def validate_corrections(
    corrections: Iterable[CorrectedRecord], dead_letters: Mapping[str, DeadLetter], now: float
) -> dict[str, ProducerRecord]:
    """The records to send, by the keys of their dead letters; each is a valid action.

    Args:
        corrections: the corrected records.
        dead_letters: all dead letters by key.
        now: epoch seconds, against which timestamps in the future are judged.

    Raises:
        InputError: some are not valid; the message lists all of them, and nothing should be sent.
    """
    records: dict[str, ProducerRecord] = {}
    problems: list[str] = []
    for correction in corrections:
        dead_letter = dead_letters.get(correction.key)
        if dead_letter is None:
            problems.append(f"{correction.key}: there is no such dead letter")
            continue
        action = read_action(value := _with_defaults(correction, dead_letter), now)
        if isinstance(action, Action):
            records[correction.key] = ProducerRecord(action.user_id.encode(), value)
        else:
            erasure = "this asks to erase a user: use DELETE /users/{user_id}"
            reason = action.reason if isinstance(action, Rejected) else erasure
            problems.append(f"{correction.key}: {reason}")
    if problems:
        raise InputError("nothing was sent, since some records are not valid:\n  " + "\n  ".join(problems))
    return records


async def resend_corrections(
    settings: Settings, records: Mapping[str, ProducerRecord], dead_letters: Mapping[str, DeadLetter]
) -> None:
    """Send records to `video_actions_stream`, wait for acknowledgement, and mark their dead letters.

    Args:
        settings: how to reach Kafka.
        records: the records by the keys of their dead letters.
        dead_letters: all dead letters by key.

    Raises:
        UnavailableError: Kafka does not answer; what was sent before is marked, and the rest may be tried again.
    """
    producer = Producer(client_options(settings))
    await producer.start()
    try:
        remaining = list(records.items())
        for start in range(0, len(remaining), CHUNK_RECORDS):
            chunk = dict(remaining[start : start + CHUNK_RECORDS])
            await _resend_chunk(producer, settings.partitions, chunk, dead_letters)
    finally:
        await producer.stop()


async def _resend_chunk(
    producer: Producer, partitions: int, records: Mapping[str, ProducerRecord], dead_letters: Mapping[str, DeadLetter]
) -> None:
    by_partition: defaultdict[Partition, list[str]] = defaultdict(list)
    for key, record in records.items():
        by_partition[partition_of((record.key or b"").decode(), partitions)].append(key)
    marked: defaultdict[Partition, list[ProducerRecord]] = defaultdict(list)
    for partition, keys in by_partition.items():
        sent = await producer.send(topics.ACTIONS, partition, [records[key] for key in keys])
        for key, one in zip(keys, sent, strict=True):
            resent = msgspec.structs.replace(dead_letters[key], resent_as=f"{partition}:{one.offset}")
            marked[resent.partition].append(to_producer_record(resent))
    for partition, some in marked.items():
        await producer.send_in_order(topics.DEAD_LETTERS, partition, some)


def _with_defaults(correction: CorrectedRecord, dead_letter: DeadLetter) -> bytes:
    """The corrected record as JSON; a missing timestamp is the original's log time, a missing event id is derived."""
    record = correction.record
    if isinstance(record, str):
        record = _json_object(record.encode(errors="surrogatepass")) or record
    if not isinstance(record, dict):
        return record.encode(errors="surrogatepass") if isinstance(record, str) else msgspec.json.encode(record)
    given = {name: value for name, value in record.items() if value is not None}
    defaults = {
        "timestamp": dead_letter.logged_at,
        "event_id": uuid5(DEAD_LETTERS_NAMESPACE, dead_letter.key),
    }
    return msgspec.json.encode({**defaults, **given})


def _json_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that is encoded in these bytes; None if they are anything else."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
