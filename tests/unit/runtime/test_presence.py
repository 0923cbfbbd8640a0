"""Presence: who asked lately, and who has a list ahead."""

import pytest

from recomind.runtime import presence as module
from recomind.runtime.presence import PRESENCE_S, Presence


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def presence(now):
    return Presence(lambda: now[0])


def test_a_user_is_present_for_a_while_after_a_request(presence, now):
    assert not presence.is_present("u")
    presence.note_request(0, "u", 1000.0)
    assert (presence.is_present("u"), presence.is_due("u")) == (True, True)
    now[0] += PRESENCE_S + 1
    assert (presence.is_present("u"), presence.is_due("u")) == (False, False)


def test_one_list_is_made_ahead_of_each_request(presence):
    presence.note_request(0, "u", 1000.0)
    presence.note_list("u")
    assert (presence.is_present("u"), presence.is_due("u")) == (True, False)
    presence.note_request(0, "u", 1001.0)
    assert presence.is_due("u")


def test_a_list_of_a_user_who_has_not_asked_is_not_remembered(presence):
    presence.note_list("u")
    presence.note_request(0, "u", 1000.0)
    assert presence.is_due("u")


def test_users_of_other_partitions_and_erased_ones_are_dropped(presence):
    for partition, user in enumerate("abc"):
        presence.note_request(partition, user, 1000.0)
    presence.retain_partitions({0, 1})
    presence.erase("a")
    presence.erase("unknown")
    assert [user for user in "abc" if presence.is_present(user)] == ["b"]


def test_those_who_asked_longest_ago_are_dropped_first(presence, monkeypatch):
    monkeypatch.setattr(module, "MAX_USERS", 2)
    for user in ("a", "b", "a", "c"):
        presence.note_request(0, user, 1000.0)
    assert [user for user in "abc" if presence.is_present(user)] == ["a", "c"]
    assert len(presence) == 2
