"""Recognised event ids."""

from uuid import UUID

from recomind.state.event_ids import MAX_EVENT_IDS, contains_id, with_id


def packed_of(numbers):
    packed = b""
    for number in numbers:
        packed = with_id(packed, UUID(int=number))
    return packed


def test_an_id_is_recognised_once_it_was_added():
    packed = packed_of([1, 2])
    assert contains_id(packed, UUID(int=1))
    assert contains_id(packed, UUID(int=2))
    assert not contains_id(packed, UUID(int=3))


def test_an_action_without_an_id_changes_nothing_and_is_never_recognised():
    packed = packed_of([1])
    assert with_id(packed, None) == packed
    assert not contains_id(packed, None)


def test_the_earliest_ids_are_dropped():
    packed = packed_of(range(1, MAX_EVENT_IDS + 2))
    assert len(packed) == 8 * MAX_EVENT_IDS
    assert not contains_id(packed, UUID(int=1))
    assert contains_id(packed, UUID(int=2))
    assert contains_id(packed, UUID(int=MAX_EVENT_IDS + 1))


def test_ids_that_differ_in_one_half_only_differ():
    packed = packed_of([1 << 100])
    assert contains_id(packed, UUID(int=1 << 100))
    assert not contains_id(packed, UUID(int=1 << 101))
