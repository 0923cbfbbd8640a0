"""Records of a session's actions in the log of the user that the session is merged into.

Each has a header that says which action of which merge it is, so that it counts once however often it is written, and
at which offset of the user's partition the merge was asked for, so that an erasure after that includes it. As with
rerouted records, the header counts only with the id of the log beside it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from recomind.model.events import Action, NoteRecord
from recomind.model.ids import Offset, Partition, UserId
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import merge_source
from recomind.stream.log_replay import encode_action
from recomind.stream.producer import ProducerRecord

LOG_HEADER: Final = "recomind-log"
MERGED_HEADER: Final = "recomind-merged"

MAX_MERGED: Final = 1 << 20
"""Most actions of a session that are merged, the latest; their numbers are the last 20 bits of an offset."""

_MERGED = re.compile(rb"(\d{1,5}):(\d{1,12}):(\d{1,6}):(\d{1,18})")


class Merged(NamedTuple):
    """Which action of a merge a record is."""

    source: int
    """See `merge_source`."""
    offset: int
    """That of the merge in the session's partition, and the number of the action."""
    asked_at: Offset
    """Offset in the user's partition at which the merge was asked for."""


def merged_from(record: ConsumerRecord, log: LogIdentity) -> Merged | None:
    """Which action of a merge a record is; None if it is none, or if the header is not ours."""
    headers: dict[str, Any] = dict(record.headers)
    found = _MERGED.fullmatch(headers.get(MERGED_HEADER) or b"")
    if found is None or headers.get(LOG_HEADER) != log.log_id.encode():
        return None
    partition, merge_offset, number, asked_at = map(int, found.groups())
    return Merged(merge_source(partition), merge_offset * MAX_MERGED + number, Offset(asked_at))


def merged_records(
    actions: Sequence[Action], into: UserId, merge: tuple[Partition, int], asked_at: int, log: LogIdentity
) -> Iterator[ProducerRecord]:
    """Records of a session's actions for the user's partition, and a note that says that they are complete.

    Args:
        actions: the session's, in an order that is always the same; each with the id of an event that no other has.
        into: the user.
        merge: partition and offset of the control record.
        asked_at: see `Merged`.
        log: the log of actions.
    """
    for number, action in enumerate(actions):
        place = b"%d:%d:%d:%d" % (*merge, number, asked_at)
        headers = (MERGED_HEADER, place), (LOG_HEADER, log.log_id.encode())
        copy = msgspec.structs.replace(action, user_id=into)
        yield ProducerRecord(into.encode(), encode_action(copy), headers)


def merge_note(into: UserId, session: UserId, merge_offset: int | None = None) -> ProducerRecord:
    """A record that says that a session is to be merged into a user, or that its actions precede the record."""
    note = NoteRecord(user_id=into, session=session, merge_offset=merge_offset)
    return ProducerRecord(into.encode(), msgspec.json.encode(note))
