"""A partition of the log of actions, recomputed: profiles, and all that must follow from it elsewhere."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import ConsumerRecord

from recomind.model.events import Action, Forget, Rejected
from recomind.model.signals import Forgotten, Origin, Signal, repaired_lane
from recomind.offline.verification.digests import Ledger
from recomind.state import profile
from recomind.state.profile import Profile
from recomind.stores.archive import ArchivedAction, archived
from recomind.stream.codec import Read, pack_signals, read_record
from recomind.stream.dead_letters import letter_key
from recomind.stream.partitioner import partition_of

FORGET: Final = re.compile(rb"forget|\\u")
"""What every control record holds: the word, or escapes in which it may be written."""


class Consequences:
    """What must follow from the logs of all partitions; filled partition by partition."""

    def __init__(self) -> None:
        self.signals = Ledger()
        self.actions = Ledger()
        """Rows of `video_actions`."""
        self.action_ids = Ledger()
        self.letters: dict[str, bytes] = {}
        """Dead letters by key."""
        self.sent_on: set[Origin] = set()
        """Records that must have been sent on, by the origin with which they arrive."""
        self.arrived: set[Origin] = set()


class People:
    """The people of a partition."""

    def __init__(self, partitions: int, consequences: Consequences, forgotten: Mapping[str, int]) -> None:
        self.profiles: dict[str, Profile] = {}
        self.logged_at: dict[str, float] = {}
        """When the log took the latest action of each person, epoch seconds."""
        self._partitions = partitions
        self._follow = consequences
        self._forgotten = forgotten
        """Person to the offset of the record that last asked to forget her."""

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in the next records of the partition."""
        for record in records:
            read = read_record(record, self._partitions)
            if isinstance(read.action, Rejected):
                self._follow.letters[letter_key(record)] = read.action.raw
            elif read.astray:
                target = partition_of(read.action.user_id, self._partitions)
                self._follow.sent_on.add(Origin(repaired_lane(record.partition, target), record.offset))
            else:
                self._apply(read, read.action)

    def _apply(self, read: Read, event: Action | Forget) -> None:
        user_id = event.user_id
        known = self.profiles.get(user_id) or Profile()
        self.profiles[user_id], signals = profile.apply(known, read.origin, read.record.offset, event)
        self.logged_at[user_id] = read.record.timestamp / 1000
        for signal in signals:
            for target in range(self._partitions) if isinstance(signal, Forgotten) else [None]:
                self._follow.signals.add(read.origin, (target, digest_of(signal)))
        if isinstance(event, Action) and read.record.offset > self._forgotten.get(user_id, -1):
            row = archived(read.origin, event)
            self._follow.actions.add(read.origin, digest_of_row(row))
            self._follow.action_ids.add(read.origin, row.id.bytes)
        if read.origin.lane != read.record.partition:
            self._follow.arrived.add(read.origin)


def forgotten_in(records: Iterable[ConsumerRecord], partitions: int) -> dict[str, int]:
    """Whom control records among these records of a partition name, and the offset of the last for each."""
    found: dict[str, int] = {}
    for record in records:
        if FORGET.search(record.value or b""):
            read = read_record(record, partitions)
            if isinstance(read.action, Forget) and not read.astray:
                found[read.action.user_id] = record.offset
    return found


def digest_of(signal: Signal | Forgotten) -> bytes:
    """What tells a signal from any other."""
    return pack_signals(signal)


def digest_of_row(row: ArchivedAction) -> tuple[object, ...]:
    """What tells a row of `video_actions` from any other."""
    return (row.id.bytes, *row[1:4], row.timestamp.timestamp())
