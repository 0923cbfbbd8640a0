"""Why a card is in a list, with literal evidence in and literal words out."""

from struct import pack

from recomind.model.catalogue import Video
from recomind.model.responses import Counted
from recomind.recommender.explain.evidence import Evidence, actions_behind, counts, people_behind, seeds, shared_tags
from recomind.recommender.explain.reasons import reasons
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.neighbours import Liker, Neighbours
from recomind.state.popularity import Counts, Popularity
from recomind.state.profile import Liked, Profile, Reaction

NOW = 1_700_000_000.0


def evidence(**changes):
    index = VideoIndex()
    for video_id, tags in (("a", ("cat", "funny")), ("b", ("dog",)), ("c", ("cat", "dog", "sad"))):
        index.put_video(Video(video_id=video_id, title=video_id.upper(), tags=tags))
    given = {
        "profile": Profile(likes=(Liked("b", NOW - 9), Liked("a", NOW))),
        "catalogue": index,
        "neighbours": {
            "a": Neighbours(others=("c",), weights=pack("<3I", 60, 0, 0)),
            "b": Neighbours(others=("c",), weights=pack("<3I", 30, 120, 0)),
        },
        "popularity": {"c": Popularity(counts=Counts(2, 1, 0), hours={int(NOW // 3600) - 5: Counts(2, 1, 0)})},
        "now": NOW,
    }
    return Evidence(**{**given, **changes})


def test_seeds_are_the_likes_that_have_the_video_in_their_company():
    assert seeds(evidence(), "c") == [("b", 150.0), ("a", 60.0)]
    assert seeds(evidence(), "c", after=True) == [("a", 60.0), ("b", 30.0)]
    assert seeds(evidence(), "a") == []


def test_shared_tags_are_in_the_order_of_the_persons_taste():
    assert shared_tags(evidence(), "c") == ["cat", "dog"]
    assert shared_tags(evidence(), "unknown") == []


def test_each_source_has_its_words_and_the_strongest_comes_first():
    found = reasons(evidence(), "c", {"tags": 0.2, "liked_together": 1.0, "watched_next": 0.5, "trending": 0.1})
    assert [(one.source, one.text) for one in found] == [
        ("liked_together", "Liked by people who liked “B” and “A”"),
        ("watched_next", "Often liked after “A”"),
        ("tags", "You like cat and dog"),
        ("trending", "2 likes in the last day"),
    ]
    assert found[0].videos == ("b", "a")
    assert [one.strategy for one in found] == ["collaborative", "collaborative", "content-based", "popularity"]


def test_without_evidence_a_reason_says_less_and_a_new_source_its_name():
    bare = evidence(neighbours={}, popularity={}, profile=Profile())
    found = reasons(bare, "c", {"trending": 1.0, "liked_together": 0.5, "some_source": 0.1})
    assert [one.text for one in found] == [
        "Popular",
        "Liked together with what you like",
        "Proposed by some source",
    ]


def test_counts_are_told_by_window():
    told = counts(evidence().popularity["c"], NOW)
    assert told == {"1h": Counted(), "24h": Counted(2, 1, 0), "7d": Counted(2, 1, 0)}


def test_the_actions_behind_a_video_share_its_company_or_its_tags():
    skip = Reaction("d", "skip", NOW - 5)
    given = evidence(profile=Profile(likes=(Liked("b", NOW - 9), Liked("a", NOW)), reactions=(skip,)))
    given.catalogue.put_video(Video(video_id="d", title="D", tags=("sad",)))
    found = actions_behind(given, "c")
    assert [(one.video_id, one.action_type, one.together, one.tags) for one in found] == [
        ("a", "like", 1.0, ("cat",)),
        ("d", "skip", 0.0, ("sad",)),
        ("b", "like", 2.5, ("dog",)),
    ]


def test_people_behind_a_video_like_what_the_person_likes():
    likers = {
        "c": Neighbours(likers=(Liker("x", 1.0), Liker("y", 1.0))),
        "a": Neighbours(likers=(Liker("y", 1.0), Liker("z", 1.0))),
    }
    assert people_behind(evidence(neighbours=likers), "c") == 1
