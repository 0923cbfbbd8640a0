"""Metadata of users is checked, and stays as it is stored where it is left out."""

import pytest

from recomind.model.text import InvalidFieldError
from recomind.model.users import UserDetails, user_metadata_changes


def test_metadata_gets_its_normal_form():
    details = UserDetails(country="de", language="EN", blocked_tags=("Cat", "cat "), blocked_creators=("c", "c"))
    expected = {"country": "DE", "language": "en", "blocked_tags": ("Cat",), "blocked_creators": ("c",)}
    assert user_metadata_changes("u", details) == expected


def test_null_removes():
    assert user_metadata_changes("u", UserDetails(country=None, blocked_tags=None)) == {
        "country": None,
        "blocked_tags": (),
    }


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"user_id": "w"}, "user_id"),
        ({"country": "Q1"}, "country"),
        ({"language": "?"}, "language"),
        ({"blocked_tags": (" ",)}, "blocked_tags"),
        ({"blocked_creators": ("a\n",)}, "blocked_creators"),
    ],
)
def test_a_fault_names_its_field(fields, field):
    with pytest.raises(InvalidFieldError) as refused:
        user_metadata_changes("u", UserDetails(**fields))
    assert refused.value.field == field
