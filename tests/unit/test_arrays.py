"""What ranking keeps as arrays: who liked what, what was seen, what leads a tag."""

from struct import pack

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import Origin, Touched
from recomind.offline.engine import Engine
from recomind.recommender.candidates.similar_users import similar_to
from recomind.recommender.index.columns import distinct
from recomind.recommender.index.top_lists import KEEP, OF_TAG
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import gather
from recomind.state import popularity
from recomind.state.neighbours import Liker, Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Liked, video_hash


def world(likes):
    """An index of the likes [(user, video)], a second apart."""
    engine = Engine(learning=False)
    for at, (user, video) in enumerate(likes):
        engine.observe(Action(user, video, "like", 1e9 + at), Origin(0, at))
    engine.refresh()
    return engine.index


def liked(video, times):
    return popularity.fold(Popularity(), [Touched(video, 0, at, 1.0, f"p{at}", "like") for at in range(times)])


def names(index, *videos):
    return [name for name, _ in similar_to([index.rows[video] for video in videos], index)]


def test_who_shares_most_is_most_similar_and_of_equals_who_liked_last():
    index = world([("a", "v"), ("b", "v"), ("b", "w"), ("c", "v"), ("d", "w"), ("e", "w")])
    assert names(index, "w", "v") == ["b", "e", "d", "c", "a"]
    assert names(index, "v", "w") == ["b", "c", "a", "e", "d"]


def test_a_video_that_all_like_says_less_of_a_person():
    index = world([*((f"u{n}", "all") for n in range(8)), ("x", "all"), ("y", "rare")])
    scores = dict(similar_to([index.rows["all"], index.rows["rare"]], index))
    assert scores["y"] == 1 / np.log(2 + 1)
    assert scores["x"] == 1 / np.log(2 + 9)


def test_nobody_is_similar_to_somebody_who_was_forgotten_until_there_is_news_of_her():
    index = world([("a", "v"), ("b", "v")])
    index.people.forget("a")
    assert names(index, "v") == ["b"]
    index.put_neighbours("v", Neighbours(likers=(Liker("b", 1e9), Liker("a", 2e9))))
    assert names(index, "v") == ["a", "b"]


def test_people_are_known_however_many_they_are():
    index = VideoIndex()
    for number in range(3000):
        index.put_likes(f"u{number}", [Liked(f"v{number % 7}", 1.0)])
    assert index.people.likes[index.people.rows["u2999"]].tolist() == [2999 % 7, *[-1] * 9]


def test_distinct_rows_are_found_whatever_the_scratch_holds():
    rows, where = distinct(np.array([5, 2, 5, 9, 2]), np.array([4, 3, 2, 1, 0, 0, 1, 2, 3, 4]))
    assert rows.tolist() == [5, 9, 2]
    assert rows[where].tolist() == [5, 2, 5, 9, 2]


def test_what_was_seen_is_left_out_though_its_hash_ends_like_another():
    ids = [f"v{number}" for number in range(300)]
    index = VideoIndex()
    for video_id in ids:
        index.put_video(Video(video_id=video_id, title="T"))
    seen = b"".join(pack("<I", video_hash(video_id)) for video_id in ids[::2])
    assert len({video_hash(video_id) % 2**13 for video_id in ids[::2]}) < 150
    rows, _ = gather(index, [(np.arange(300), np.ones(300))], seen)
    assert [index.ids[row] for row in rows] == ids[1::2]


def test_a_list_of_a_tag_takes_in_what_is_liked_under_it_once_much_has_changed():
    index = VideoIndex()
    for number in range(OF_TAG + 1):
        index.put_video(Video(video_id=f"v{number}", title="T", tags=("sea",)))
        index.put_popularity(f"v{number}", liked(f"v{number}", 1 + number))
    sea = index.tag_rows["sea"]
    assert index.rows["v0"] not in index.heads.of_tag(sea)
    index.put_popularity("v0", liked("v0", 99))
    assert index.rows["v0"] not in index.heads.of_tag(sea)
    for _ in range(KEEP):
        index.put_popularity("elsewhere", Popularity())
    assert index.rows["v0"] in index.heads.of_tag(sea)
    assert index.rows["v1"] not in index.heads.of_tag(sea)


def test_a_video_that_gets_a_tag_is_in_its_list_at_once():
    index = VideoIndex()
    index.put_video(Video(video_id="a", title="T", tags=("sea",)))
    sea = index.tag_rows["sea"]
    assert index.heads.of_tag(sea).tolist() == [index.rows["a"]]
    index.put_video(Video(video_id="b", title="T", tags=("hill", "sea")))
    assert index.heads.of_tag(sea).tolist() == [index.rows["a"], index.rows["b"]]
