"""A partition of the log of actions, recomputed: profiles, and all that must follow from it elsewhere."""

from collections.abc import Iterable

from aiokafka import ConsumerRecord

from agents.archive import archived
from agents.reading import Read, pack_signals, read_record
from recomind.events import Action, Rejected
from recomind.letters import letter_key
from recomind.signals import Origin, Signal, repaired_lane
from recomind.state import profile
from recomind.state.profile import Profile
from recomind.stores.archive import ArchivedAction
from recomind.transport.partitions import partition_of
from recomind.verification.ledger import Ledger


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

    def __init__(self, partitions: int, consequences: Consequences) -> None:
        self.profiles: dict[str, Profile] = {}
        self.logged_at: dict[str, float] = {}
        """When the log took the latest action of each person, epoch seconds."""
        self._partitions = partitions
        self._follow = consequences

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

    def _apply(self, read: Read, action: Action) -> None:
        user_id = action.user_id
        known = self.profiles.get(user_id) or Profile()
        self.profiles[user_id], signals = profile.fold(known, read.origin, action)
        self.logged_at[user_id] = read.record.timestamp / 1000
        for signal in signals:
            self._follow.signals.add(read.origin, digest_of(signal))
        row = archived(read.origin, action)
        self._follow.actions.add(read.origin, digest_of_row(row))
        self._follow.action_ids.add(read.origin, row.id.bytes)
        if read.origin.lane != read.record.partition:
            self._follow.arrived.add(read.origin)


def digest_of(signal: Signal) -> bytes:
    """What tells a signal from any other."""
    return pack_signals(signal)


def digest_of_row(row: ArchivedAction) -> tuple[object, ...]:
    """What tells a row of `video_actions` from any other."""
    return (row.id.bytes, *row[1:4], row.timestamp.timestamp())
