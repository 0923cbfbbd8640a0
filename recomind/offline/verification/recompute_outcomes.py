"""Recount the outcomes of served lists from both logs, and compare them with what the signals say.

An outcome is counted where a signal says so, so the log of signals is what videos' impressions are recomputed from.
Which outcomes there are follows from the log of served lists and the log of actions alone. What cannot be told is left
out: outcomes of lists that were logged within `MARGIN_S` before the action, of lists that Kafka has deleted meanwhile,
and what versions without this count have processed.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from math import inf
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord

from recomind.model.action_types import UNDO_PREFIX
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent, decode_served_list
from recomind.model.signals import (
    CORRECTION,
    NOT_JOINED,
    NOT_SERVED,
    OUTCOME,
    UNDONE,
    ActionSignal,
    PassedOverSignal,
    Signal,
    SourceOffset,
    UndoSignal,
)
from recomind.offline.verification.report import Report
from recomind.state.profile import Profile
from recomind.state.served_lists import MAX_USERS, RETENTION_S, Joined, ServedLists

STORE: Final = "outcomes of served lists"

PASSED_OVER: Final = "passed over"
_NAMES: Final = {NOT_SERVED: "not served", OUTCOME: "outcome", CORRECTION: "correction", UNDONE: "undone"}


class Counting(NamedTuple):
    """What counts lists and actions as they come."""

    count_list: Callable[[float, ServedListEvent], None] = lambda *_: None
    """Called with each list, and when it was logged, epoch seconds."""
    count_action: Callable[[float, Action], None] = lambda *_: None
    """Called with each action that counts, and when it was logged."""
    note: Callable[[str, float, str, Callable[[str], bool]], None] = lambda *_: None
    """Called with what a user does before it is applied: who, when it was logged, the video, or nothing if the user is
    erased, and whether they have acted on a video."""


NOT_COUNTED: Final = Counting()


class Outcomes:
    """The outcomes of all partitions, as they are expected and as signals say."""

    def __init__(self) -> None:
        self._expected: dict[SourceOffset, int] = {}
        """Actions that are outcomes; all others are `NOT_SERVED`."""
        self._passed: dict[SourceOffset, frozenset[str]] = {}
        """Action to the videos that it shows to be passed over."""
        self._found_passed: dict[SourceOffset, set[str]] = {}
        self._uncertain: set[SourceOffset] = set()
        self._by_kind: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        """Certain outcomes by kind, expected and found."""
        self._wrong: list[tuple[SourceOffset, str, str]] = []

    def expect(self, cause: SourceOffset, action: Action, joined: Joined, *, is_certain: bool) -> None:
        """Expect what an action means for served lists."""
        if not is_certain:
            self._uncertain.add(cause)
            return
        if joined.outcome != NOT_SERVED:
            self._expected[cause] = joined.outcome
            self._by_kind[0][_kind(action.action_type, joined.outcome)] += 1
        if joined.passed:
            self._passed[cause] = frozenset(place.video_id for place in joined.passed)
            self._by_kind[0][PASSED_OVER] += len(self._passed[cause])

    def apply(self, signal: Signal) -> None:
        """Compare a signal that counts; each is applied once."""
        cause = SourceOffset(signal.source, signal.offset)
        if cause in self._uncertain:
            return
        if isinstance(signal, PassedOverSignal):
            self._found_passed.setdefault(cause, set()).add(signal.video_id)
            self._by_kind[1][PASSED_OVER] += 1
        elif isinstance(signal, ActionSignal):
            self._apply_action(cause, signal, signal.action_type)
        elif isinstance(signal, UndoSignal):
            self._apply_action(cause, signal, UNDO_PREFIX + signal.action_type)

    def _apply_action(self, cause: SourceOffset, signal: ActionSignal | UndoSignal, action_type: str) -> None:
        expected = self._expected.get(cause, NOT_SERVED)
        if signal.outcome == NOT_JOINED:
            if expected != NOT_SERVED:
                self._by_kind[0][_kind(action_type, expected)] -= 1
            return
        if signal.outcome != NOT_SERVED:
            self._by_kind[1][_kind(action_type, signal.outcome)] += 1
        if signal.outcome != expected:
            self._wrong.append((cause, _NAMES[expected], _NAMES[signal.outcome]))

    def compare(self, report: Report) -> None:
        """Add what was compared, and the differences, to a report."""
        report.compared[STORE] += len(self._expected) + sum(map(len, self._passed.values()))
        for cause, expected, found in self._wrong:
            report.add_difference(STORE, f"action {cause.source}:{cause.offset}", expected, found)
        for cause in self._passed.keys() | self._found_passed.keys():
            expected_ids, found_ids = self._passed.get(cause, frozenset()), self._found_passed.get(cause, set())
            if expected_ids != found_ids:
                names = [f"{PASSED_OVER}: {', '.join(sorted(ids)) or 'nothing'}" for ids in (expected_ids, found_ids)]
                report.add_difference(STORE, f"action {cause.source}:{cause.offset}", *names)
        expected_kinds, found_kinds = self._by_kind
        for kind in sorted(expected_kinds.keys() | found_kinds.keys()):
            report.compare(f"{STORE}, by kind", kind, expected_kinds[kind], found_kinds[kind])
        if self._uncertain:
            report.notes.append(
                f"{len(self._uncertain)} actions came within a second after a list, or after lists that Kafka has "
                "deleted: whether they are outcomes of served lists was not compared"
            )


class RecomputedOutcomes:
    """Joins the log of served lists of a partition with its actions."""

    def __init__(
        self,
        served: AsyncIterator[tuple[int, Sequence[ConsumerRecord]]],
        partitions: int,
        outcomes: Outcomes,
        *,
        is_cut: bool = False,
        counting: Counting = NOT_COUNTED,
    ) -> None:
        """Create a join.

        Args:
            served: the partition's log of served lists.
            partitions: of the topic.
            outcomes: gets what is expected.
            is_cut: whether Kafka has deleted the beginning of the log.
            counting: counts lists and actions, too.
        """
        self._served = served
        self.counting = counting
        self._outcomes = outcomes
        self._lists = ServedLists(max(1, MAX_USERS // partitions))
        self._is_read = False
        self._complete_from = inf if is_cut else -inf
        """Log time from which on actions meet all lists."""
        self._after_uncertain: set[str] = set()
        """Users of whose last action it is not certain which list was the latest."""

    async def read_until(self, logged_at: float) -> None:
        """Read the lists that were logged until a time."""
        while not self._is_read and self._lists.logged_until <= logged_at:
            try:
                _, records = await anext(self._served)
            except StopAsyncIteration:
                self._is_read = True
                return
            self._put(records)

    async def read_rest(self) -> None:
        """Read the lists to the end."""
        await self.read_until(inf)

    def join(
        self, before: Profile, action: Action, cause: SourceOffset, derived: Sequence[Signal], logged_at: float
    ) -> Joined:
        """Expect what an action means, and return it."""
        joined = self._lists.join(before, action, derived, logged_at)
        self.counting.count_action(logged_at, action)
        is_now = self._is_complete(logged_at) and self._lists.is_certain(action.user_id, logged_at)
        was_before = action.user_id not in self._after_uncertain
        self._outcomes.expect(cause, action, joined, is_certain=is_now and was_before)
        (self._after_uncertain.discard if is_now else self._after_uncertain.add)(action.user_id)
        return joined

    def _is_complete(self, logged_at: float) -> bool:
        return logged_at >= self._complete_from

    def _put(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            at = record.timestamp / 1000
            self._complete_from = min(self._complete_from, at + RETENTION_S)
            try:
                event = decode_served_list(record.value or b"")
            except (ValueError, RecursionError):
                event = None
            self._lists.put(record.offset, at, event)
            if event is not None:
                self.counting.count_list(at, event)


def _kind(action_type: str, outcome: int) -> str:
    return action_type if outcome in {OUTCOME, UNDONE} else f"{action_type} after another outcome"
