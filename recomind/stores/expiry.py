"""Which cached data has expired and must be read again."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

MIN_SWEEP_SIZE: Final = 10_000
"""Number of ids from which on expired ones are removed."""


class ExpiryTracker:
    """When data of one kind was last read, by id."""

    def __init__(self, ttl: float, clock: Callable[[], float]) -> None:
        self._ttl = ttl
        self._clock = clock
        self._read_at: dict[str, float] = {}
        self._sweep_size = MIN_SWEEP_SIZE

    def __len__(self) -> int:
        return len(self._read_at)

    def renew_expired(self, ids: Iterable[str]) -> list[str]:
        """The ids whose data is unknown or older than `ttl` seconds. They count as read from now on."""
        now, read_at = self._clock(), self._read_at
        expired_before = now - self._ttl
        expired = [one for one in ids if read_at.get(one, -inf) <= expired_before]
        read_at.update(dict.fromkeys(expired, now))
        if len(read_at) > self._sweep_size:
            self._sweep(expired_before)
        return expired

    def _sweep(self, expired_before: float) -> None:
        """Remove expired ids. It runs when their number has doubled, so the cost per id is constant."""
        self._read_at = {one: at for one, at in self._read_at.items() if at > expired_before}
        self._sweep_size = max(MIN_SWEEP_SIZE, 2 * len(self._read_at))
