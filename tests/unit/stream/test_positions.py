"""How far a consumer has read where offsets have gaps."""

from faust.types import TP

from recomind.stream.positions import Place, Positions

ONE = TP("t", 1)


def test_a_position_that_a_fetch_moved_past_markers_counts_as_delivered():
    positions = Positions()
    positions.advance({ONE: Place(5, 8)}, {ONE: Place(7, 8)}, [ONE], {ONE: 5})
    positions.advance({ONE: Place(7, 8)}, {ONE: Place(8, 8)}, [], {ONE: 5})  # a marker alone
    assert positions.delivered == {ONE: 8}


def test_a_position_that_moved_otherwise_does_not():
    positions = Positions()
    positions.advance({ONE: Place(9, 9)}, {ONE: Place(9, 9)}, [], {ONE: 5})  # records of 5 to 8 were dropped
    positions.advance({}, {ONE: Place(9, 9)}, [], {ONE: 5})
    assert positions.delivered == {}


def test_nothing_is_delivered_while_it_is_not_known_where_the_partition_began():
    positions = Positions()
    positions.advance({ONE: Place(3, 3)}, {ONE: Place(3, 3)}, [], {ONE: None})
    assert positions.delivered == {}


def test_offsets_between_what_was_delivered_and_what_was_fetched_are_a_gap():
    positions = Positions()
    assert positions.gaps({ONE: 7}, {ONE: 5}) == {ONE: range(5, 7)}
    assert positions.gaps({ONE: 5}, {ONE: 5}) == {}
    assert positions.gaps({ONE: 7}, {}) == {}  # it began wherever the log began
    positions.advance({}, {ONE: Place(8, 9)}, [ONE], {})
    assert positions.gaps({ONE: 9}, {ONE: 5}) == {ONE: range(8, 9)}


def test_markers_at_the_end_of_a_partition_are_no_work():
    positions = Positions()
    assert positions.ends({ONE: Place(3, 9), TP("t", 2): Place(4, None)}) == {ONE: 9}
    assert positions.ends({ONE: Place(9, 9)}) == {ONE: None}  # nothing but aborted records
    positions.record_ends[ONE] = 7
    assert positions.ends({ONE: Place(9, 9)}) == {ONE: 7}
