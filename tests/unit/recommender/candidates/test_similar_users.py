"""Similar users: those who recently liked the same videos."""

import numpy as np

from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.candidates.similar_users import similar_to
from recomind.state.neighbours import Liker, Neighbours


def index_of(likes):
    """An index of the likes [(user, video)], a second apart."""
    engine = Engine(learning=False)
    for at, (user, video) in enumerate(likes):
        engine.observe(Action(user, video, "like", 1e9 + at), SourceOffset(0, at))
    engine.refresh()
    return engine.index


def names(index, *videos):
    return [name for name, _ in similar_to([index.rows[video] for video in videos], index)]


def test_users_with_more_shared_likes_come_first_and_ties_go_to_the_latest_like():
    index = index_of([("a", "v"), ("b", "v"), ("b", "w"), ("c", "v"), ("d", "w"), ("e", "w")])
    assert names(index, "w", "v") == ["b", "e", "d", "c", "a"]
    assert names(index, "v", "w") == ["b", "c", "a", "e", "d"]


def test_a_popular_video_counts_less_than_a_rare_one():
    index = index_of([*((f"u{n}", "all") for n in range(8)), ("x", "all"), ("y", "rare")])
    scores = dict(similar_to([index.rows["all"], index.rows["rare"]], index))
    assert scores["y"] == 1 / np.log(2 + 1)
    assert scores["x"] == 1 / np.log(2 + 9)


def test_an_erased_user_is_similar_to_no_user_until_they_like_again():
    index = index_of([("a", "v"), ("b", "v")])
    index.user_likes.remove_user("a")
    assert names(index, "v") == ["b"]
    index.put_neighbours("v", Neighbours(likers=(Liker("b", 1e9), Liker("a", 2e9))))
    assert names(index, "v") == ["a", "b"]
