"""Rows of the archive."""

from uuid import uuid4, uuid5

import pytest
from msgspec.structs import replace

from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.stores.archive_rows import ACTIONS_NAMESPACE, action_id, action_of, archived_action, shared_event_id
from tests.unit.stream.records import LOG


def test_an_action_without_an_event_id_gets_the_same_id_at_every_delivery():
    first, other = SourceOffset(1, 2), SourceOffset(2, 1)
    assert action_id(first, LOG) == action_id(first, LOG) != action_id(other, LOG)
    assert action_id(first, LOG) == uuid5(ACTIONS_NAMESPACE, "1:2")


def test_an_action_of_a_log_that_replaced_another_gets_an_id_of_its_own():
    first = SourceOffset(1, 2)
    ids = {action_id(first, replace(LOG, prefix=prefix)) for prefix in ("", "a", "b")}
    assert len(ids) == 3


def test_an_event_id_of_two_users_gives_each_a_row():
    event_id = uuid4()
    assert len({event_id, shared_event_id(event_id, "u1"), shared_event_id(event_id, "u2")}) == 3
    assert shared_event_id(event_id, "u1") == uuid5(event_id, "u1")


def test_the_action_of_a_row_has_the_row_again():
    action = Action("u", "v", "view", 1.7e9, uuid4(), "l", 1_200, 5_000, 3, '{"a":1}')
    row = archived_action(SourceOffset(1, 2), action, LOG)
    assert archived_action(SourceOffset(3, 4), action_of(row), LOG) == row
    assert action_of(row) == action


@pytest.mark.parametrize(
    ("level", "context"),
    [("all", '{"country":"de","latitude":48.1}'), ("country", '{"country":"DE"}'), ("none", None)],
)
def test_a_row_holds_no_more_of_the_context_than_the_level(level, context):
    action = Action("u", "v", "view", 1.7e9, context='{"country":"de","latitude":48.1}')
    assert archived_action(SourceOffset(1, 2), action, LOG, level).context == context
