"""A guard keeps an extension's faults out of lists: what raises, is slow or returns nonsense is left out.

Ranking runs in the event loop, so a slow call cannot be interrupted: its result is left out of the list, and after a
few such calls in a row the extension is suspended for a while. Then one call is tried.
"""

from collections import defaultdict
from collections.abc import Callable
from math import inf
from typing import Final, Literal, NamedTuple, TypeVar

from recomind.recommender.extensions.checks import InvalidResultError

FAULTS_IN_A_ROW: Final = 3
"""So many of one of its methods suspend an extension."""

VERY_SLOW: Final = 10
"""A call of so many times the budget suspends an extension at once."""

SUSPENSION_S: Final = 30.0
"""Of the first suspension; it doubles while the call that is tried afterwards fails."""

MAX_SUSPENSION_S: Final = 600.0

Cause = Literal["error", "invalid", "slow", "suspended", "missing"]
CAUSES: Final[tuple[Cause, ...]] = ("error", "invalid", "slow", "suspended", "missing")
"""It raised; its result breaks its protocol; it took longer than its budget; it was not called; there is none."""

Result = TypeVar("Result")


class Fault(NamedTuple):
    """An extension was left out of a list."""

    kind: str
    """`source`, `ranker`, `filter` or `arranger`."""
    name: str
    cause: Cause
    detail: str
    """In words."""
    suspended_s: float = 0.0
    """For how long it is suspended because of this fault; 0 if it is not."""


class _Record:
    """How a method of an extension has done lately."""

    def __init__(self) -> None:
        self.faults_in_a_row = 0
        self.suspension_s = SUSPENSION_S
        """For how long the next suspension is."""


class Guard:
    """Calls one extension. Its methods are judged one by one: `propose` may work where `score` fails."""

    def __init__(
        self,
        kind: str,
        name: str,
        note: Callable[[Fault], None],
        clock: Callable[[], float],
        budget_s: float = inf,
        suspended_after: float = FAULTS_IN_A_ROW,
    ) -> None:
        """Create a guard.

        Args:
            kind: of the extension.
            name: of the extension.
            note: called with each fault.
            clock: seconds.
            budget_s: the longest time that a call may take.
            suspended_after: so many faults of a method in a row suspend it.
        """
        self.kind = kind
        self.name = name
        self.last_fault: Fault | None = None
        """The latest one, but for calls that were not tried."""
        self.faults = 0
        """Of all calls, but for those that were not tried."""
        self._note = note
        self._clock = clock
        self._budget_s = budget_s
        self._suspended_after = suspended_after
        self._records: defaultdict[str, _Record] = defaultdict(_Record)
        """By method."""
        self._suspended_until = -inf

    @property
    def is_suspended(self) -> bool:
        """Whether it is not called now."""
        return self._clock() < self._suspended_until

    def call(self, method: str, act: Callable[[], object], check: Callable[[object], Result]) -> Result | None:
        """The checked result of a call; None if it is left out of the list.

        Args:
            method: its name in the protocol.
            act: calls it.
            check: returns the result, or raises `InvalidResultError`.
        """
        started, record = self._clock(), self._records[method]
        if started < self._suspended_until:
            self._note(Fault(self.kind, self.name, "suspended", "it is suspended"))
            return None
        try:
            result = check(act())
        except InvalidResultError as error:
            self._fail(record, "invalid", str(error))
            return None
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 whatever an extension raises, the list is made
            # A panic of a library written in Rust is no Exception. Nothing is awaited, so CancelledError is its own.
            self._fail(record, "error", f"{type(error).__name__}: {error}")
            return None
        elapsed = self._clock() - started
        if elapsed > self._budget_s:
            detail = f"it took {1000 * elapsed:.0f} ms of {1000 * self._budget_s:.0f}"
            self._fail(record, "slow", detail, is_grave=elapsed > VERY_SLOW * self._budget_s)
            return None
        record.faults_in_a_row, record.suspension_s = 0, SUSPENSION_S
        return result

    def _fail(self, record: _Record, cause: Cause, detail: str, *, is_grave: bool = False) -> None:
        self.faults += 1
        record.faults_in_a_row += 1
        suspended_s = 0.0
        if is_grave or record.faults_in_a_row >= self._suspended_after:
            suspended_s, record.faults_in_a_row = record.suspension_s, FAULTS_IN_A_ROW - 1  # a failed trial suspends
            self._suspended_until = self._clock() + suspended_s
            record.suspension_s = min(MAX_SUSPENSION_S, 2 * suspended_s)
        self.last_fault = Fault(self.kind, self.name, cause, detail[:500], suspended_s)
        self._note(self.last_fault)
