"""Expected and actual rows of the archive."""

from uuid import uuid4

import pytest

from recomind.model.context_limits import CONTEXT_LEVELS
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.verification.expected_rows import ExpectedRows, FoundRows, uncounted
from recomind.stores.archive_rows import archived_action, shared_event_id
from tests.unit.stream.records import LOG

EVENT = uuid4()
FIRST, SECOND = (archived_action(SourceOffset(0, 1), Action(user, "v", "like", 1.7e9, EVENT), LOG) for user in "ab")


def compare(rows):
    """The causes of missing rows, and the unexpected rows."""
    expected = ExpectedRows()
    expected.add(SourceOffset(0, 1), FIRST)
    expected.add(SourceOffset(0, 2), SECOND)
    found = FoundRows(expected)
    for row in rows:
        found.add(row)
    return list(expected.missing_from(found)), found.unexpected()


def shared(row):
    return row._replace(id=shared_event_id(EVENT, row.user_id))


def test_an_event_id_of_two_users_may_be_the_id_of_either_row():
    assert compare([FIRST, shared(SECOND)]) == ([], [])
    assert compare([shared(FIRST), SECOND]) == ([], [])


def test_a_user_without_a_row_is_missing():
    assert compare([FIRST]) == ([SourceOffset(0, 2)], [])


def test_a_row_that_does_not_follow_from_the_log_is_unexpected():
    other = FIRST._replace(video_id="w")
    assert compare([other, shared(SECOND)]) == ([], [other])


def test_users_with_more_rows_than_counted_actions_are_found():
    assert list(uncounted({"a": 5, "b": 2, "c": 1}, {"a": 4, "b": 3})) == [("a", 4, 5), ("c", 0, 1)]


@pytest.mark.parametrize("now", CONTEXT_LEVELS)
@pytest.mark.parametrize("level", CONTEXT_LEVELS)
def test_a_row_that_was_written_at_another_level_of_context_is_noted_and_no_difference(now, level):
    action = Action("a", "v", "like", 1.7e9, EVENT, context='{"country":"DE","region":"BY","latitude":48.1}')
    expected = ExpectedRows()
    expected.context_level = now
    expected.add(SourceOffset(0, 1), archived_action(SourceOffset(0, 1), action, LOG))
    found = FoundRows(expected)
    found.add(archived_action(SourceOffset(0, 1), action, LOG, level))
    assert (list(expected.missing_from(found)), found.unexpected()) == ([], [])
    assert found.at_other_levels == (level != now)


def test_a_row_with_another_context_is_unexpected():
    row = FIRST._replace(context='{"country":"FR"}')
    assert compare([row, shared(SECOND)]) == ([], [row])
