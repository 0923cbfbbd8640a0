"""Tokens of the actions that a client has posted and not yet seen in a list, for read-your-own-writes."""

from collections import OrderedDict
from threading import Lock
from typing import Final

MAX_USERS: Final = 10_000
"""How many users' tokens are remembered, the latest ones."""


class Tokens:
    """The latest token (`partition:offset`) of each user; thread-safe.

    >>> tokens = Tokens()
    >>> tokens.remember("u1", "3:8")
    >>> tokens.remember("u1", "3:7")
    >>> tokens.pending("u1")
    '3:8'
    >>> tokens.discard("u1", "3:8")
    >>> tokens.pending("u1")
    """

    def __init__(self, max_users: int = MAX_USERS) -> None:
        self._max_users = max_users
        self._latest: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def remember(self, user_id: str, token: str) -> None:
        """Keep a user's token, unless a later one is kept; all tokens of a user are of one partition."""
        with self._lock:
            known = self._latest.pop(user_id, token)
            self._latest[user_id] = max(known, token, key=_offset)
            if len(self._latest) > self._max_users:
                self._latest.popitem(last=False)

    def pending(self, user_id: str) -> str | None:
        """The token of the action that the user's next list must include; None if there is none."""
        with self._lock:
            return self._latest.get(user_id)

    def discard(self, user_id: str, token: str) -> None:
        """Drop a token that a list includes, unless a later one has been remembered since."""
        with self._lock:
            if self._latest.get(user_id) == token:
                del self._latest[user_id]


def _offset(token: str) -> int:
    return int(token.rpartition(":")[2])
