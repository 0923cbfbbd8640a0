"""The rows of `video_actions` that follow from the log, as digests, and the comparison with those that exist.

An event id that two users have sent is the id of one user's row; the other row has an id derived from both (see
`recomind.stores.archive_rows.shared_event_id`). Which of them comes first is not in the log, so both ids are right.

A row has the context at the level of `RECOMIND_CONTEXT` at which it was written. It may have been another one than now.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Final

import numpy as np

from recomind.model.action_context import read_context
from recomind.model.context_limits import ALL, CONTEXT_LEVELS
from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset
from recomind.offline.verification.digests import DigestSet
from recomind.stores.archive_rows import ArchivedAction, shared_event_id, with_context_level

BARE_COLUMNS: Final = 5
"""Columns of the contract. Workers of earlier versions wrote no others."""

NO_DETAILS: Final = (None,) * (len(ArchivedAction._fields) - BARE_COLUMNS)

NO_CAUSE: Final = SourceOffset(-1, Offset(-1))
"""Stands for the action behind a row, which the archive does not say."""


class ExpectedRows:
    """Expected rows, each under both ids that it may have."""

    def __init__(self) -> None:
        self.bare_until = 0.0
        """Rows of actions that were logged before it, in epoch seconds, may have the contract's columns alone."""
        self.context_level = ALL
        """How much of the context workers write now; set before rows are added."""
        self._other_levels = DigestSet()
        """Whole rows with the context at other levels, under both ids."""
        self._rows, self._shared_rows = DigestSet(), DigestSet()
        """Whole rows."""
        self._ids, self._shared_ids = DigestSet(), DigestSet()
        """Pairs of id and user: of an event that came twice, only one row is stored."""

    def add(self, cause: SourceOffset, row: ArchivedAction, logged_at: float = inf) -> None:
        """Add the row of an action, with its whole context, that Kafka appended at a time, epoch seconds."""
        at_levels = {level: with_context_level(row, level) for level in CONTEXT_LEVELS} if row.context else {}
        row = at_levels.get(self.context_level, row)
        for other in set(at_levels.values()) - {row}:
            for one in (other, other._replace(id=shared_event_id(row.id, row.user_id))):
                self._other_levels.add(cause, _row_digest(one))
        shared = row._replace(id=shared_event_id(row.id, row.user_id))
        if logged_at < self.bare_until and row[BARE_COLUMNS:] != NO_DETAILS:
            for one in (row, shared):
                self._shared_rows.add(cause, _row_digest(ArchivedAction(*one[:BARE_COLUMNS])))
        self._rows.add(cause, _row_digest(row))
        self._shared_rows.add(cause, _row_digest(shared))
        self._ids.add(cause, _id_digest(row))
        self._shared_ids.add(cause, _id_digest(shared))

    def __len__(self) -> int:
        """The number of different rows."""
        return len(np.unique(self._ids.digests))

    def missing_from(self, found: "FoundRows") -> Iterator[SourceOffset]:
        """The actions that have no row."""
        shared = set(self._shared_ids.missing_from(found.ids))
        return (cause for cause in self._ids.missing_from(found.ids) if cause in shared)

    def unexpected(self, rows: Sequence[ArchivedAction]) -> list[ArchivedAction]:
        """Those of these rows that do not follow from the log."""
        known = set(self._shared_rows.digests.tolist())
        return [row for row in rows if hash(_row_digest(row)) not in known]

    def digests_at_other_levels(self) -> set[int]:
        """Digests of rows whose context is not that of the level of now."""
        return set(self._other_levels.digests.tolist())

    def main_digests(self) -> set[int]:
        """Digests of the rows under their usual ids."""
        return set(self._rows.digests.tolist())


class FoundRows:
    """Digests of the rows that exist, how many each user has, and those that are not usual."""

    def __init__(self, expected: ExpectedRows) -> None:
        self.ids = DigestSet()
        self.per_user: Counter[str] = Counter()
        self._expected = expected
        self.at_other_levels = 0
        """Rows whose context is that of another level than now."""
        self._usual, self._others = expected.main_digests(), expected.digests_at_other_levels()
        self._unusual: list[ArchivedAction] = []

    def add(self, row: ArchivedAction) -> None:
        """Add a row."""
        self.ids.add(NO_CAUSE, _id_digest(row))
        self.per_user[row.user_id] += 1
        digest = hash(_row_digest(row))
        if digest in self._usual:
            return
        if digest in self._others:
            self.at_other_levels += 1
        else:
            self._unusual.append(row)

    def unexpected(self) -> list[ArchivedAction]:
        """The rows that do not follow from the log."""
        return self._expected.unexpected(self._unusual)


def uncounted(rows: Mapping[str, int], counts: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Users with more rows than their profile counts actions: (user, counted, rows).

    Fewer rows are right: an event that comes again after more than 128 others counts again, but has one row.
    """
    return ((user, counts.get(user, 0), number) for user, number in rows.items() if number > counts.get(user, 0))


def _id_digest(row: ArchivedAction) -> tuple[bytes, str]:
    return row.id.bytes, row.user_id


def _row_digest(row: ArchivedAction) -> tuple[object, ...]:
    context = () if row.context is None else tuple(sorted(read_context(row.context).items()))
    return (row.id.bytes, *row[1:4], row.timestamp.timestamp(), *row[BARE_COLUMNS:-1], context)
