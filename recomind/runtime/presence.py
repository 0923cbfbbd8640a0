"""Presence: which users asked for a list lately. Their lists are made first.

A list that is handed out, for the first time or again, is an event in the user's partition
(`recomind.model.served_lists`), so the worker that owns the user knows when they last got one. Events may be lost. So
presence may be unknown, and nothing depends on it but the order of work: a list that is not made ahead is made by the
request.
"""

from collections import OrderedDict
from collections.abc import Callable, Set
from typing import Final, NamedTuple

from recomind.model.ids import Partition

PRESENCE_S: Final = 900.0
"""Time for which a user is present after they got a list."""

MAX_USERS: Final = 100_000
"""Users whose presence is known to a worker; those who asked longest ago are dropped."""


class Asked(NamedTuple):
    """When a user last got a list."""

    partition: Partition
    at: float
    """Log time, epoch seconds."""


class Presence:
    """The present users of this worker."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Create it without users.

        Args:
            now: the time of the log, epoch seconds.
        """
        self._now = now
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._ahead: set[str] = set()
        """Users who have a list that they have not asked for."""

    def note_request(self, partition: Partition, user_id: str, at: float) -> None:
        """Note that a user of a partition got a list at a time of the log, epoch seconds."""
        self._asked[user_id] = Asked(partition, at)
        self._asked.move_to_end(user_id)
        self._ahead.discard(user_id)
        if len(self._asked) > MAX_USERS:
            self._forget(next(iter(self._asked)))

    def note_list(self, user_id: str) -> None:
        """Note that a list was made ahead of the user's next request."""
        if user_id in self._asked:
            self._ahead.add(user_id)

    def is_present(self, user_id: str) -> bool:
        """Whether a user asked within `PRESENCE_S`."""
        asked = self._asked.get(user_id)
        return asked is not None and self._now() - asked.at <= PRESENCE_S

    def is_due(self, user_id: str) -> bool:
        """Whether a present user has asked since the last list that was made ahead."""
        return user_id not in self._ahead and self.is_present(user_id)

    def erase(self, user_id: str) -> None:
        """Drop a user."""
        if user_id in self._asked:
            self._forget(user_id)

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop the users of all other partitions."""
        for user_id in [one for one, asked in self._asked.items() if asked.partition not in partitions]:
            self._forget(user_id)

    def __len__(self) -> int:
        return len(self._asked)

    def _forget(self, user_id: str) -> None:
        del self._asked[user_id]
        self._ahead.discard(user_id)
