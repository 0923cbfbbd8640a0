"""Rows of the archive."""

from uuid import uuid5

from recomind.model.signals import SourceOffset
from recomind.stores.archive_rows import ACTIONS_NAMESPACE, action_id


def test_an_action_without_an_event_id_gets_the_same_id_at_every_delivery():
    assert action_id(SourceOffset(1, 2)) == action_id(SourceOffset(1, 2)) != action_id(SourceOffset(2, 1))
    assert action_id(SourceOffset(1, 2)) == uuid5(ACTIONS_NAMESPACE, "1:2")
