"""Why a video is in a list: literal evidence in, literal words out."""

from struct import pack

import pytest

from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.explain.reasons import DESCRIPTIONS, reasons
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Counts, Popularity
from recomind.state.profile import Profile
from recomind_web.feed import CONTROL_REASONS
from tests.unit.recommender.explain.samples import NOW, evidence


def test_each_source_has_its_words_and_the_strongest_comes_first():
    found = reasons(evidence(), "c", {"tags": 0.2, "liked_together": 1.0, "watched_next": 0.5, "trending": 0.1})
    assert [(one.source, one.text) for one in found] == [
        ("liked_together", "Liked by users who liked “B” and “A”"),
        ("watched_next", "Often liked after “A”"),
        ("tags", "You like cat and dog"),
        ("trending", "2 likes in the last day"),
    ]
    assert found[0].videos == ("b", "a")
    assert [one.strategy for one in found] == ["collaborative", "collaborative", "content-based", "popularity"]


def test_recent_transitions_name_the_liked_video_they_start_from():
    epoch = int(NOW // (56 * 86_400))
    recent = {"b": Neighbours(video_ids=("c",), weights=pack("<3I", 30, 0, 30), epoch=epoch)}
    [found] = reasons(evidence(neighbours=recent), "c", {"next_lately": 1.0})
    assert (found.source, found.text, found.videos) == ("next_lately", "Recently often liked after “B”", ("b",))
    [found] = reasons(evidence(), "c", {"next_lately": 1.0})
    assert (found.text, found.videos) == ("Recently often liked after what you liked last", ())


def test_without_evidence_a_reason_names_nothing_and_an_unknown_source_is_not_named():
    bare = evidence(neighbours={}, popularity={}, profile=Profile())
    found = reasons(bare, "c", {"trending": 1.0, "liked_together": 0.5, "some_source": 0.1})
    assert [one.text for one in found] == [
        "Popular with other users",
        "Liked by users who like what you like",
        "Recommended for you",
    ]


def test_every_source_has_a_description():
    assert DESCRIPTIONS.keys() == SOURCES.keys()


def test_every_source_says_something_of_its_own():
    for known in (evidence(), evidence(neighbours={}, popularity={}, profile=Profile())):
        texts = {one.text for one in reasons(known, "c", dict.fromkeys([*SOURCES, "some_source"], 1.0))}
        assert len(texts) == len(SOURCES) + 1


INTERNAL_WORDS = {
    "proposed",
    "source",
    "candidate",
    "model",
    "lately",
    "retrained",
    "factor",
    "factors",
    "blend",
    "next",
}


def test_every_source_speaks_in_words_that_a_viewer_understands():
    for known in (evidence(), evidence(neighbours={}, popularity={}, profile=Profile())):
        for one in (*reasons(known, "c", dict.fromkeys([*SOURCES, "some_source"], 1.0)), *CONTROL_REASONS):
            words = one.text.replace("“", " ").replace("”", " ").lower().split()
            assert len(words) > 2, one.text
            assert one.text[0].isupper() or one.text[0].isdigit(), one.text
            assert "_" not in one.text
            assert not INTERNAL_WORDS & set(words), one.text


@pytest.mark.parametrize(
    ("counted", "text"),
    [
        (Counts(likes=10, skips=20), "Many who come here like it"),
        (Counts(likes=10, skips=21), "Others here have liked it"),
        (Counts(likes=1), "Others here have liked it"),
        (Counts(views=4), "Picked to find out what you like"),
        (Counts(), "Picked to find out what you like"),
    ],
)
def test_a_user_who_has_done_nothing_is_told_what_others_did_and_not_what_they_liked(counted, text):
    known = evidence(profile=Profile(), popularity={"c": Popularity(counts=counted)})
    assert [one.text for one in reasons(known, "c", {"factors": 1.0})] == [text]
