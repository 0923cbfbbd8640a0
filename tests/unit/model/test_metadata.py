"""Metadata of videos is checked, has one form, and stays as it is stored where it is left out."""

import msgspec
import pytest

from recomind.model.catalogue import Video, VideoDetails, video_change
from recomind.model.text import InvalidFieldError


def details(**fields):
    return msgspec.convert({"title": "T", **fields}, VideoDetails)


def test_metadata_gets_its_normal_form():
    given = details(language="pt-BR", countries=["de", "AT", "DE"], labels=["Sponsored", " sponsored"], age_rating=16)
    assert video_change("v", given).metadata == {
        "language": "pt-br",
        "countries": ("AT", "DE"),
        "labels": ("Sponsored",),
        "age_rating": 16,
    }


def test_what_is_absent_stays_and_null_removes_it():
    assert video_change("v", details()).metadata == {}
    assert video_change("v", details(language=None, labels=None)).metadata == {"language": None, "labels": ()}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"language": "english please"}, "language"),
        ({"countries": ["D1"]}, "countries"),
        ({"labels": [" "]}, "labels"),
        ({"thumbnail_url": "javascript:x"}, "thumbnail_url"),
    ],
)
def test_a_fault_names_its_field(fields, field):
    with pytest.raises(InvalidFieldError) as refused:
        video_change("v", details(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "fields", [{"duration_ms": 0}, {"age_rating": 22}, {"age_rating": "x"}, {"countries": ["DEU"]}]
)
def test_a_value_of_another_type_or_out_of_bounds_is_refused(fields):
    with pytest.raises(msgspec.ValidationError):
        details(**fields)


def test_an_entry_with_metadata_can_be_sent_back_as_it_is():
    video = Video(
        video_id="v", title="T", language="en", countries=("DE",), duration_ms=5, age_rating=12, labels=("x",)
    )
    change = video_change("v", msgspec.json.decode(video.entry_json(), type=VideoDetails))
    assert change.metadata == {
        "language": "en",
        "countries": ("DE",),
        "duration_ms": 5,
        "age_rating": 12,
        "thumbnail_url": "",
        "labels": ("x",),
    }
