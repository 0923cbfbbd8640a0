"""What a client has posted and not yet seen counted: the latest token of each person."""

from collections import OrderedDict
from threading import Lock
from typing import Final

PEOPLE: Final = 10_000
"""How many people are remembered, the latest ones."""


class Tokens:
    """The latest token of each person, `partition:offset`; safe to share between threads.

    >>> tokens = Tokens()
    >>> tokens.remember("u1", "3:8")
    >>> tokens.remember("u1", "3:7")
    >>> tokens.of("u1")
    '3:8'
    >>> tokens.seen("u1", "3:8")
    >>> tokens.of("u1")
    """

    def __init__(self, people: int = PEOPLE) -> None:
        self._people = people
        self._latest: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def remember(self, user_id: str, token: str) -> None:
        """Keep a person's token if it is later than the one that is kept; all of a person's are in one partition."""
        with self._lock:
            known = self._latest.pop(user_id, token)
            self._latest[user_id] = max(known, token, key=_offset)
            if len(self._latest) > self._people:
                self._latest.popitem(last=False)

    def of(self, user_id: str) -> str | None:
        """What the person's next list has to count; None: nothing."""
        with self._lock:
            return self._latest.get(user_id)

    def seen(self, user_id: str, token: str) -> None:
        """A list counts this token: forget it, unless a later one has come meanwhile."""
        with self._lock:
            if self._latest.get(user_id) == token:
                del self._latest[user_id]


def _offset(token: str) -> int:
    return int(token.rpartition(":")[2])
