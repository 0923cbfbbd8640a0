"""Rate limits: one token bucket for each API key, in the memory of this worker."""

from collections.abc import Callable
from math import ceil
from time import monotonic

from aiohttp import web


class TokenBucket:
    """Holds up to `burst` tokens and is refilled with `rate` tokens a second. Each request consumes one token.

    >>> now = [0.0]
    >>> bucket = TokenBucket(rate=2.0, burst=1, clock=lambda: now[0])
    >>> bucket.consume(), bucket.consume()
    (0.0, 0.5)
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._refilled_at = float(burst), clock()

    def consume(self) -> float:
        """Consume a token and return 0; if there is none, return the seconds until there is one."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._rate)
        self._refilled_at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0


class RateLimiter:
    """The token buckets of all API keys."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[str, TokenBucket] = {}

    def check(self, name: str) -> None:
        """Count a request made with the key called `name`.

        Raises:
            web.HTTPTooManyRequests: the key is over its limit; `Retry-After` holds the seconds to wait.
        """
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._rate, self._burst, self._clock)
        wait = bucket.consume()
        if wait:
            detail = f"the limit is {self._rate:g} requests per second: retry in {wait:.2f} s"
            raise web.HTTPTooManyRequests(text=detail, headers={"Retry-After": str(ceil(wait))})
