"""`verify` finds what a merge has lost, and what it has made up."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from recomind.model.events import Action, EraseUser
from recomind.offline.verification.compare_merged import STORE, MergedActions
from recomind.offline.verification.report import Report
from recomind.stores.archive_rows import ArchivedAction, shared_event_id

SESSION = "session:1"
ROWS = [ArchivedAction(uuid4(), SESSION, f"v{at}", "like", datetime(2026, 1, 1, tzinfo=UTC)) for at in range(3)]


def found(row_id, user="u"):
    return Action(user, "v", "like", 1.6e9, UUID(bytes=shared_event_id(row_id, user).bytes), None, (1, 2))


@pytest.fixture
def merged():
    made = MergedActions()
    for row in ROWS:
        made.note_row(row)
    made.note_erasure(EraseUser(SESSION, "u", 5))
    return made


def differences(merged):
    report = Report()
    merged.compare(report)
    return report.compared[STORE], [(one.expected, one.found) for one in report.differences]


def test_each_action_is_found_however_often_it_was_written(merged):
    for row in [*ROWS, *ROWS[:2]]:
        merged.note_found(found(row.id))
    assert differences(merged) == (3, [])


def test_the_id_of_an_event_that_another_user_sent_too_is_right(merged):
    for row in ROWS[:2]:
        merged.note_found(found(row.id))
    merged.note_found(found(shared_event_id(ROWS[2].id, SESSION)))
    assert differences(merged) == (3, [])


def test_a_lost_action_and_an_unexpected_one_are_differences(merged):
    for row in ROWS[1:]:
        merged.note_found(found(row.id))
    merged.note_found(found(uuid4()))
    assert differences(merged) == (3, [("an action", "nothing"), ("nothing", "an action")])


def test_what_was_erased_before_is_not_expected():
    merged = MergedActions()
    merged.note_row(ROWS[0])
    merged.note_erasure(EraseUser(SESSION))
    merged.note_row(ROWS[1])
    merged.note_erasure(EraseUser(SESSION, "u", 5))
    merged.note_erasure(EraseUser(SESSION, "u", 6))
    merged.note_found(found(ROWS[1].id))
    assert differences(merged) == (1, [])
