"""The ranker that gives a place to a hardly liked video with a similar title."""

from itertools import count

import pytest
from recomind_example.title_words import MAX_TITLES_OF_WORD, TitleWords, words_of
from recomind_example.titles import MAX_LIKES, PLACE, Titles

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.extensions.protocols import Ranker, Source
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import Policy

POPULAR = [f"p{number}" for number in range(15)]


def like(engine, user, video_id, offsets=count()):  # noqa: B008 one count for all likes
    engine.observe(Action(user, video_id, "like", 1e9), SourceOffset(0, next(offsets)))


@pytest.fixture
def engine():
    """Fifteen videos that others like, and two that nobody likes: a sequel to `p0`, and another video."""
    extensions, faults = Extensions(), []
    extensions.add("ranker", "titles", Titles())
    extensions.listeners.append(faults.append)
    policy = Policy(ranker="titles", exploration=0.0)
    made = Engine(learning=False, policy=policy, extensions=extensions)
    for number, video_id in enumerate(POPULAR):
        title = "Harbour of Glass (2001)" if number == 0 else f"Film{number} of {video_id}"
        made.put_video(Video(video_id=video_id, title=title, tags=("Drama",)))
        for other in range(30 - number):
            like(made, f"other{other}", video_id)
    made.put_video(Video(video_id="sequel", title="Harbour of Glass 2 (2014)", tags=("Drama",)))
    made.put_video(Video(video_id="another", title="Nothing of the sort", tags=("Drama",)))
    yield made
    assert faults == []


def listed(engine, n=12):
    return [pick.video_id for pick in engine.recommend("me", n).picks]


def test_it_is_a_ranker_that_proposes():
    assert isinstance(Titles(), Ranker)
    assert isinstance(Titles(), Source)


def test_a_sequel_that_nobody_has_liked_gets_the_place(engine):
    like(engine, "me", "p0")
    assert listed(engine).index("sequel") == PLACE - 1
    without = [one for one in listed(engine) if one != "sequel"]
    hybrid = engine.recommend("me", 12, policy=Policy(exploration=0.0)).picks
    assert without == [pick.video_id for pick in hybrid if pick.video_id != "sequel"][: len(without)]


def test_a_list_without_a_similar_video_is_the_hybrids(engine):
    like(engine, "me", "p3")
    hybrid = engine.recommend("me", 12, policy=Policy(exploration=0.0)).picks
    assert listed(engine) == [pick.video_id for pick in hybrid]


def test_a_title_that_is_added_later_is_found(engine):
    like(engine, "me", "p3")
    listed(engine)
    engine.put_video(Video(video_id="later", title="Film3 of P3", tags=("Drama",)))
    assert listed(engine).index("later") == PLACE - 1


def test_a_video_that_enough_users_like_needs_no_place(engine):
    for other in range(MAX_LIKES):
        like(engine, f"other{other}", "sequel")
    like(engine, "me", "p0")
    hybrid = engine.recommend("me", 12, policy=Policy(exploration=0.0)).picks
    assert listed(engine) == [pick.video_id for pick in hybrid]


def index_of(*videos):
    index, words = VideoIndex(), TitleWords()
    for number, (title, *tags) in enumerate(videos):
        index.put_video(Video(video_id=f"v{number}", title=title, tags=tuple(tags)))
    words.update(index)
    return index, words


def found(index, words, least=0.1):
    rows, similarities = words.similar(0, index, least)
    return dict(zip(rows.tolist(), similarities.round(3).tolist(), strict=True))


def test_similarity_is_the_mean_of_the_cosines_of_words_and_tags():
    index, words = index_of(("Red Sea", "a", "b"), ("Red sea (1999)", "a"), ("Blue", "a", "b"), ("Green Lake",))
    assert found(index, words) == {1: pytest.approx((1 + 2**-0.5) / 2, abs=1e-3)}


def test_without_tags_it_is_that_of_words():
    index, words = index_of(("Red Sea",), ("The Red Sea", "a"), ("The Lake",), ("The Hill",))
    assert 0.9 < found(index, words)[1] < 1.0
    assert found(index, words, least=0.99) == {}


def test_words_in_many_titles_say_nothing():
    titles = [("Part One",), ("Part Two",), *((f"Part {number + 3}",) for number in range(MAX_TITLES_OF_WORD))]
    assert found(*index_of(*titles)) == {}


def test_a_title_that_comes_after_the_row_is_read():
    index, words = VideoIndex(), TitleWords()
    index.put_video(Video(video_id="v0", title="Red Sea"))
    index.row("v1")
    words.update(index)
    index.put_video(Video(video_id="v1", title="Red Sea"))
    index.put_video(Video(video_id="v2", title="Lake"))
    words.update(index)
    assert found(index, words) == {1: 1.0}


def test_words_are_distinct_and_without_the_year():
    assert words_of("Star Trek: The Star (2009)") == ["star", "trek", "the"]
    assert words_of("") == []
