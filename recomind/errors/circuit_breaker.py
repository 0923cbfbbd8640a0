"""A circuit breaker per server: turns a client's errors into `UnavailableError`, and fails fast after one.

Without it, every request would wait for the full timeout of a server that is down. The servers that were unavailable
during a request are recorded in `unavailable_servers`, so that its response can name them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from types import TracebackType
from typing import Final

from recomind.errors import UnavailableError

OPEN_DURATION_S: Final = 0.5
"""Seconds for which calls fail at once after the server did not answer."""

unavailable_servers: ContextVar[set[str] | None] = ContextVar("unavailable_servers", default=None)
"""Names of the servers that were unavailable during the current request; None outside of requests."""


@contextmanager
def recording_unavailable_servers() -> Iterator[None]:
    """Record the server of an `UnavailableError` that another task has met, and raise it.

    A task that reads or writes for several requests has a context of its own, so its circuit breaker cannot record the
    server for each of them.
    """
    try:
        yield
    except UnavailableError as error:
        _record(error.server)
        raise


def _record(server: str) -> None:
    recorded = unavailable_servers.get()
    if recorded is not None:
        recorded.add(server.lower())


class CircuitBreaker:
    """A context manager around calls to one server.

    >>> now = [0.0]
    >>> breaker = CircuitBreaker("Redis", (OSError,), clock=lambda: now[0])
    >>> try:
    ...     with breaker:
    ...         raise OSError("no route")
    ... except UnavailableError as error:
    ...     print(error)
    Redis does not answer: no route
    >>> breaker.is_open
    True
    """

    def __init__(
        self,
        server: str,
        no_answer: tuple[type[BaseException], ...],
        refusals: tuple[type[BaseException], ...] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Create a closed breaker.

        Args:
            server: its name, for messages.
            no_answer: errors which mean that the server does not answer; they open the breaker.
            refusals: errors which mean that the server answers, but cannot do what is asked now.
            clock: seconds.
        """
        self._server = server
        self._no_answer = no_answer
        self._errors = (*no_answer, *refusals)
        self._clock = clock
        self._open_until = 0.0
        self._cause: BaseException = TimeoutError()

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once."""
        return self._open_until > self._clock()

    def __enter__(self) -> None:
        if self._open_until and self.is_open:
            raise self._unavailable(self._cause)

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error_type is None:
            self._open_until = 0.0
        elif isinstance(error, self._errors):
            if isinstance(error, self._no_answer):
                self._open_until, self._cause = self._clock() + OPEN_DURATION_S, error
            raise self._unavailable(error) from error

    def _unavailable(self, cause: BaseException) -> UnavailableError:
        _record(self._server)
        return UnavailableError(self._server, cause)
