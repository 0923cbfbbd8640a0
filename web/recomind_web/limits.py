"""How often each may ask: a token bucket a key, in this worker."""

from collections.abc import Callable
from math import ceil
from time import monotonic

from aiohttp import web


class Bucket:
    """Holds up to `burst` tokens and gains `rate` a second; a request takes one.

    >>> now = [0.0]
    >>> bucket = Bucket(rate=2.0, burst=1, clock=lambda: now[0])
    >>> bucket.take(), bucket.take()
    (0.0, 0.5)
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._at = float(burst), clock()

    def take(self) -> float:
        """Take a token: 0 if there was one, else the seconds until there is."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0


class Limits:
    """The buckets of all keys."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[str, Bucket] = {}

    def check(self, name: str) -> None:
        """Count a request of the key called `name`.

        Raises:
            web.HTTPTooManyRequests: it comes too soon; `Retry-After` says when it may come again.
        """
        bucket = self._buckets.get(name) or self._buckets.setdefault(name, Bucket(self._rate, self._burst, self._clock))
        wait = bucket.take()
        if wait:
            detail = f"more than {self._rate:g} requests a second: try again in {wait:.2f} s"
            raise web.HTTPTooManyRequests(text=detail, headers={"Retry-After": str(ceil(wait))})
