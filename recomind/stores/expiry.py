"""How old is what has been read: which of it is to be read again."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

REMEMBERED: Final = 10_000
"""How many times of reading are kept at least, before those that no longer matter are forgotten."""


class Ages:
    """When figures of one kind were last read, by their ids."""

    def __init__(self, ttl: float, clock: Callable[[], float]) -> None:
        self._ttl = ttl
        self._clock = clock
        self._read_at: dict[str, float] = {}
        self._sweep_at = REMEMBERED

    def __len__(self) -> int:
        return len(self._read_at)

    def stale(self, ids: Iterable[str]) -> list[str]:
        """Those whose figures are older than `ttl` seconds; they count as read from now on."""
        now, read_at = self._clock(), self._read_at
        old = now - self._ttl
        stale = [one for one in ids if read_at.get(one, -inf) <= old]
        read_at.update(dict.fromkeys(stale, now))
        if len(read_at) > self._sweep_at:
            self._sweep(old)
        return stale

    def _sweep(self, old: float) -> None:
        """Forget what is to be read again anyway; done when it has doubled, so that it costs little an id."""
        self._read_at = {one: at for one, at in self._read_at.items() if at > old}
        self._sweep_at = max(REMEMBERED, 2 * len(self._read_at))
