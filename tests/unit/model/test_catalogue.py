"""The rules of the catalogue, which hold for requests and files alike."""

from datetime import UTC, datetime

import msgspec
import pytest

from recomind.model.catalogue import Video, VideoDetails, video_change
from recomind.model.text import InvalidFieldError


def details(**fields):
    return msgspec.convert({"title": "T", **fields}, VideoDetails)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"tags": [" "]}, "tags"),
        ({"url": "javascript:x"}, "url"),
        ({"creator_id": "a\0"}, "creator_id"),
        ({"video_id": "w"}, "video_id"),
        ({"created_at": "1800-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": "9999-12-31T23:59:59-14:00"}, "created_at"),
    ],
)
def test_a_fault_names_its_field(fields, field):
    with pytest.raises(InvalidFieldError) as refused:
        video_change("v", details(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize("video_id", ["", "x" * 129, "a\nb"])
def test_an_id_that_no_action_can_name_is_refused(video_id):
    with pytest.raises(InvalidFieldError, match="1 to 128 printable"):
        video_change(video_id, details())


def test_what_is_absent_stays_and_null_removes_the_creator():
    absent, null = video_change("v", details()), video_change("v", details(creator_id=None, created_at=None))
    assert (absent.creator_id, absent.created_at, absent.url) == (msgspec.UNSET, None, "")
    assert (null.creator_id, null.created_at) == (None, None)


def test_an_entry_can_be_sent_back_as_it_is():
    at = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    video = Video(video_id="v", title="T", url="https://x", tags=("a",), creator_id="c", created_at=at)
    change = video_change("v", msgspec.json.decode(video.entry_json(), type=VideoDetails))
    assert (change.creator_id, change.created_at, change.tags, change.url) == ("c", at, ("a",), "https://x")


def test_without_a_title_all_that_is_left_out_stays():
    change = video_change("v", msgspec.json.decode(b'{"hidden":true}', type=VideoDetails))
    assert (change.title, change.url, change.tags, change.hidden) == (None, None, None, True)
    change = video_change("v", msgspec.json.decode(b'{"url":"","tags":[]}', type=VideoDetails))
    assert (change.title, change.url, change.tags, change.hidden) == (None, "", (), None)


def test_with_a_title_url_and_tags_are_empty_where_they_are_left_out():
    change = video_change("v", details())
    assert (change.title, change.url, change.tags) == ("T", "", ())


@pytest.mark.parametrize("body", [b"{}", b'{"video_id":"v"}'])
def test_a_body_that_changes_nothing_is_refused(body):
    with pytest.raises(InvalidFieldError, match="there is no title") as refused:
        video_change("v", msgspec.json.decode(body, type=VideoDetails))
    assert refused.value.field == "title"


@pytest.mark.parametrize(("fields", "field"), [({"url": "javascript:x"}, "url"), ({"tags": [" "]}, "tags")])
def test_a_change_of_single_fields_keeps_to_the_rules(fields, field):
    with pytest.raises(InvalidFieldError) as refused:
        video_change("v", msgspec.convert(fields, VideoDetails))
    assert refused.value.field == field
