"""Filter expressions: what they mean, and what is refused."""

import pytest

from recomind.model.catalogue import Video
from recomind.model.filters import matches, parse_filter
from recomind.model.text import InvalidFieldError

VIDEO = Video(
    video_id="v1",
    title="Late-Night Cafés: ramen",
    tags=("Street Food", "Cat"),
    labels=("Sponsored",),
    creator_id="c,1",
    language="en-gb",
    countries=("DE", "FR"),
    age_rating=12,
    duration_ms=30_000,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tag:cat",
        'tag:"street food",dog label:SPONSORED',
        "title:late",
        'title:"cafe\u0301 NIGHT",pizza -title:ate',
        "language:en",
        "language:en-GB -language:de",
        'creator:"c,1"',
        "video:v0,v1",
        "country:de",
        "age:..12 age:12 -age:13..",
        "duration:10..60 duration:..5,29.5..",
    ],
)
def test_it_holds(text):
    assert matches(parse_filter(text), VIDEO)


@pytest.mark.parametrize(
    "text",
    [
        "-tag:cat",
        "tag:cat tag:dog",
        "language:eng",
        "title:mens",
        'title:"late pizza"',
        "title:!",
        "creator:c",
        "country:US",
        "duration:..10,60..",
        "-video:v1",
    ],
)
def test_it_does_not_hold(text):
    assert not matches(parse_filter(text), VIDEO)


def test_what_is_not_known_is_in_no_range_and_everywhere():
    assert not matches(parse_filter("duration:0.."), Video(video_id="v"))
    assert matches(parse_filter("-duration:0.. country:DE age:0"), Video(video_id="v"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat", "'cat' is no condition"),
        ("tag:", "'tag:' is no condition"),
        ("tag:a,", "is no condition"),
        ('tag:"a', "is no condition"),
        ("colour:red", "there is no field colour"),
        ("age:old", "'old' is no number"),
        ("age:..", "'..' is no number"),
        ("age:1 2", "'2' is no condition"),
        ("country:DEU", "two letters"),
        ("language:?", "BCP 47"),
        ("tag:a " * 51, "more than 50 conditions"),
        ("x" * 2001, "longer than 2000"),
    ],
)
def test_what_is_no_filter_is_refused_with_a_reason(text, message):
    with pytest.raises(InvalidFieldError, match=message) as refused:
        parse_filter(text, "where")
    assert refused.value.field == "where"
