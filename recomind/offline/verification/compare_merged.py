"""Compare what sessions did before they were merged with what was written for it to the logs of users.

Each action of a session must be there, for the user whom it was merged into, and nothing else. How often does not
matter: it counts once.
"""

from typing import Final
from uuid import UUID

from recomind.model.events import Action, EraseUser
from recomind.offline.verification.report import Report
from recomind.stores.archive_rows import ArchivedAction, shared_event_id

STORE: Final = "actions of merged sessions"


class MergedActions:
    """Expected and found event ids of merged actions, as bytes, each with the user."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[bytes, UUID]] = {}
        """Session to the ids of the rows that it has had since it was last erased."""
        self._expected: dict[tuple[str, bytes], tuple[str, bytes]] = {}
        """The other id is that of a row whose event id another user has sent, too."""
        self._found: set[tuple[str, bytes]] = set()

    def note_row(self, row: ArchivedAction) -> None:
        """Note the row of an action of a session, in the order of the log."""
        self._rows.setdefault(row.user_id, {})[row.id.bytes] = row.id

    def note_erasure(self, event: EraseUser) -> None:
        """Expect the actions of a session that is erased at this point of the log, if it is merged into a user."""
        rows = self._rows.pop(event.user_id, {})
        if event.into is not None:
            for row_id in rows.values():
                shared = shared_event_id(row_id, event.user_id)
                main, other = (shared_event_id(one, event.into).bytes for one in (row_id, shared))
                self._expected[event.into, main] = event.into, other

    def note_found(self, action: Action) -> None:
        """Note a merged action in the log of a user."""
        if action.event_id is not None:
            self._found.add((action.user_id, action.event_id.bytes))

    def compare(self, report: Report) -> None:
        """Add the differences to a report."""
        report.compared[STORE] += len(self._expected)
        missing = [ids for ids in self._expected.items() if self._found.isdisjoint(ids)]
        for (user_id, event_id), _ in sorted(missing):
            report.add_difference(STORE, f"{user_id} {UUID(bytes=event_id)}", "an action", None)
        for user_id, event_id in sorted(self._found - self._expected.keys() - set(self._expected.values())):
            report.add_difference(STORE, f"{user_id} {UUID(bytes=event_id)}", None, "an action")
