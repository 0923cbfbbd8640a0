"""Lists of users who have never acted: all who have the same policy and local context share one, in memory."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from recomind.stores.stored_lists import StoredList

MAX_LISTS: Final = 1000
"""Lists that are cached, one for each key."""


class NewUserLists:
    """The lists by key, see `local_lists.list_key`."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lists: dict[str, tuple[float, StoredList]] = {}
        """Key to when a list is out of date, and the list."""

    def get(self, key: str) -> StoredList | None:
        """The list with a key; None if there is none, or it is out of date."""
        out_of_date_at, found = self._lists.get(key, (0.0, None))
        return found if self._clock() < out_of_date_at else None

    def put(self, key: str, ranked: StoredList, ttl: float) -> None:
        """Cache a list for `ttl` seconds."""
        if len(self._lists) >= MAX_LISTS:
            self._lists.clear()
        self._lists[key] = self._clock() + ttl, ranked

    def clear(self) -> None:
        """Have all lists ranked again: the catalogue, the rules or the experiments have changed."""
        self._lists.clear()
