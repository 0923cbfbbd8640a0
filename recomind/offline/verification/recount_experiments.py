"""Recount the figures of experiments from both logs, and compare them with what workers have stored.

A list counts for the arms that it carries. An action counts for the latest list with its video that was handed out to
the user before it, within `WINDOW_S`, once a place. Of repeats the logs say a range, see `recount_repeats`. The number
of lists is not compared, as earlier versions have not counted it; that of lists without their ranker is. Sketches of
distinct videos are maxima, which depend on no order: both sides estimate the same number from the same lists.

Workers keep what waits to be counted in memory. What waits when one is killed is lost, and what was counted of a place
is forgotten. So sums may differ a little: by `TOLERANCE` or what `FEW` places add at most, whichever is more. The share
of one place is at most `WATCH_UNIT`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from recomind.experiments.book import ExperimentBook
from recomind.experiments.results import Totals, totals_of
from recomind.experiments.tallies import (
    ACTED_ON,
    CREDIT,
    LIKED,
    RANKER_LEFT_OUT,
    REPEATS,
    SHOWN,
    SKIPPED,
    WATCH_SHARE,
    WATCH_UNIT,
    WATCHED,
    ExperimentTallies,
    StoredTally,
    outcome_of,
    watch_share,
)
from recomind.model.action_types import UNDONE_BY
from recomind.model.events import Action
from recomind.model.experiments import ExperimentRecord
from recomind.model.ids import Partition
from recomind.model.served_lists import ServedListEvent
from recomind.offline.verification.recompute_outcomes import NOT_COUNTED, Counting
from recomind.offline.verification.recount_repeats import HasSeen, RepeatRecount
from recomind.offline.verification.report import Report
from recomind.state.served_lists import MAX_LISTS_PER_USER, WINDOW_S

STORE: Final = "figures of experiments"

TOLERANCE: Final = 0.01
FEW: Final = 20

_COMPARED: Final = {
    "shown": SHOWN,
    "acted on": ACTED_ON,
    "liked": LIKED,
    "skipped": SKIPPED,
    "watched": WATCHED,
    "thousandths watched": WATCH_SHARE,
    "credit": CREDIT,
    "lists without their ranker": RANKER_LEFT_OUT,
}


class _HandOut:
    """A list that was handed out, and which of its places have counted, as bits."""

    __slots__ = ("acted_on", "at", "event", "liked", "watched")

    def __init__(self, event: ServedListEvent, at: float) -> None:
        self.event, self.at = event, at
        self.acted_on = self.liked = self.watched = 0


class ExperimentRecount:
    """The figures of experiments as they follow from the logs."""

    def __init__(self, records: Iterable[ExperimentRecord]) -> None:
        """Nothing is counted yet.

        Args:
            records: the records of the topic, in order.
        """
        book = ExperimentBook()
        for record in records:
            book.apply(record)
        self.records = book.records
        """Name to the experiment, as it is now."""
        self._repeats = RepeatRecount()
        self._counted_since = book.counted_since
        self._tallies = ExperimentTallies(book.counted_since)
        self._lists: defaultdict[str, list[_HandOut]] = defaultdict(list)
        """User to the lists that actions may count for."""

    def counting(self, partition: Partition) -> Counting:
        """Counts the lists and actions of a partition; nothing if there is no experiment."""
        if not self.records:
            return NOT_COUNTED
        return Counting(partial(self.put, partition), partial(self.act, partition), self._repeats.note)

    def settle(self, has_seen_of: Callable[[str], HasSeen]) -> None:
        """Count what waits for later actions, once all lists and actions of a partition are counted."""
        self._repeats.settle(has_seen_of)

    def put(self, partition: Partition, logged_at: float, event: ServedListEvent) -> None:
        """Count a list of the log."""
        if not self.records:
            return
        at = min(event.handed_out_at or logged_at, logged_at)
        known = self._lists[event.user_id]
        if not any(one.event.list_id == event.list_id and one.at == at for one in known):
            known.append(_HandOut(event, at))
        self._tallies.count_list(partition, event, logged_at, 0)
        self._repeats.put(at, event, self._experiments_of(event, logged_at))

    def act(self, partition: Partition, logged_at: float, action: Action) -> None:
        """Count an action that counts; the lists until its time have been put."""
        known = self._lists.get(action.user_id)
        if not known or action.merged is not None or action.action_type in UNDONE_BY:
            return
        self._lists[action.user_id] = known = [one for one in known if one.at + WINDOW_S >= logged_at]
        before = sorted((one for one in known if one.at <= logged_at), key=lambda one: -one.at)[:MAX_LISTS_PER_USER]
        served = next((one for one in before if action.video_id in one.event.video_ids), None)
        if served is not None and not served.event.is_control:
            self._count(partition, logged_at, action, served)

    def _experiments_of(self, event: ServedListEvent, logged_at: float) -> tuple[str, ...]:
        """The experiments for which a list counts."""
        since = {name: self._counted_since(name, event.user_id) for name in event.arms}
        handed_out_at = event.handed_out_at or logged_at
        return tuple(name for name, at in since.items() if at is not None and at <= handed_out_at)

    def _count(self, partition: Partition, logged_at: float, action: Action, served: _HandOut) -> None:
        place = served.event.video_ids.index(action.video_id)
        bit, is_like = 1 << place, action.action_type == "like"
        counted = outcome_of(
            action,
            is_first=not served.acted_on & bit,
            is_first_like=is_like and not served.liked & bit,
            is_first_watch=not served.watched & bit,
        )
        served.acted_on |= bit
        served.liked |= bit if is_like else 0
        served.watched |= bit if watch_share(action) is not None else 0
        self._tallies.count_outcome(partition, served.event, logged_at, place, counted)

    def compare(self, stored: Sequence[Mapping[str, StoredTally]], report: Report) -> None:
        """Compare with what all partitions have stored, and add the differences to a report."""
        expected = [self._tallies.stored(partition) for partition in self._tallies.partitions]
        for record in self.records.values():
            pair = totals_of(record, expected), totals_of(record, stored)
            for key, should, found, unit in _figures(*pair):
                report.compared[STORE] += 1
                if abs(should - found) > _tolerance(should, unit):
                    report.add_difference(STORE, f"{record.name}: {key}", should, found)
            self._compare_repeats(record.name, pair[1], report)

    def _compare_repeats(self, name: str, stored: Totals, report: Report) -> None:
        """Compare the repeats of an experiment with the range of what workers may have counted."""
        for arm, totals in stored.arms.items():
            report.compared[STORE] += 1
            found, (certain, most) = int(totals.sums[:, REPEATS].sum()), self._repeats.found[name, arm]
            if not certain - _tolerance(certain) <= found <= most + _tolerance(most):
                report.add_difference(STORE, f"{name}: {arm}, repeats", f"{certain} to {most}", found)


def _tolerance(should: int, unit: int = 1) -> float:
    """By how much a sum may differ, to which one place adds a unit at most."""
    return max(FEW * unit, TOLERANCE * abs(should))


def _figures(expected: Totals, stored: Totals) -> Iterable[tuple[str, int, int, int]]:
    """(name, expected, stored, what one place adds at most) of all figures of an experiment."""
    for arm, totals in expected.arms.items():
        found = stored.arms[arm]
        for name, column in _COMPARED.items():
            unit = WATCH_UNIT if column == WATCH_SHARE else 1
            yield f"{arm}, {name}", int(totals.sums[:, column].sum()), int(found.sums[:, column].sum()), unit
        yield f"{arm}, users", totals.users, found.users, 1
        yield f"{arm}, distinct videos", totals.videos, found.videos, 1
