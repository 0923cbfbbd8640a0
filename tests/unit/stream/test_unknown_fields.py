"""Unknown fields are warned of once a name, and not without end."""

import logging

from recomind.stream.unknown_fields import MAX_NAME_LENGTH, MAX_NAMES, UnknownFields


def test_each_name_is_warned_of_once(caplog):
    fields = UnknownFields()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            fields.note({"volume"})
        fields.note({"volume", "mood"})
    assert [record.args for record in caplog.records] == [("volume",), ("mood",)]


def test_names_are_bounded_in_number_and_length(caplog):
    fields = UnknownFields()
    with caplog.at_level(logging.WARNING):
        for number in range(2 * MAX_NAMES):
            fields.note({f"{number}" + "x" * 1_000})
    assert len(fields.names) == MAX_NAMES
    assert len(caplog.records) == MAX_NAMES + 1
    assert max(map(len, fields.names)) == MAX_NAME_LENGTH
