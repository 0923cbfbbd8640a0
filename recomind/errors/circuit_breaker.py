"""The border to a server: its errors become ours, and one that does not answer is left alone for a moment.

Without that, each request of a worker would wait for the whole timeout of a server that is away. And what a request
had to do without is noted, so that its answer can say so.
"""

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from types import TracebackType
from typing import Final

from recomind.errors import UnavailableError

PAUSE: Final = 0.5
"""Seconds for which a server that did not answer is not asked."""

missed: ContextVar[set[str] | None] = ContextVar("missed", default=None)
"""The servers that the present request asked in vain; None outside of requests."""


class Breaker:
    """A context for calls to one server.

    >>> now = [0.0]
    >>> border = Breaker("Redis", (OSError,), clock=lambda: now[0])
    >>> try:
    ...     with border:
    ...         raise OSError("no route")
    ... except UnavailableError as error:
    ...     print(error)
    Redis does not answer: no route
    >>> border.is_open
    True
    """

    def __init__(
        self,
        server: str,
        silence: tuple[type[BaseException], ...],
        refusals: tuple[type[BaseException], ...] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a border.

        Args:
            server: its name, for people.
            silence: errors that mean that the server does not answer.
            refusals: errors that mean that it answers, but cannot do what is asked now.
            clock: seconds.
        """
        self._server = server
        self._silence = silence
        self._errors = (*silence, *refusals)
        self._clock = clock
        self._until = 0.0
        self._cause: BaseException = TimeoutError()

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once now."""
        return self._until > self._clock()

    def __enter__(self) -> None:
        if self._until and self.is_open:
            raise self._unavailable(self._cause)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._until = 0.0
        elif isinstance(error, self._errors):
            if isinstance(error, self._silence):
                self._until, self._cause = self._clock() + PAUSE, error
            raise self._unavailable(error) from error

    def _unavailable(self, cause: BaseException) -> UnavailableError:
        noted = missed.get()
        if noted is not None:
            noted.add(self._server.lower())
        return UnavailableError(self._server, cause)
