"""Lessons: only first likes teach, and the latest of them where there are too many."""

from recomind.model.events import Action
from recomind.model.signals import Origin
from recomind.runtime.training_queue import MOST, Lessons
from recomind.state import profile
from recomind.state.profile import Profile, has_seen


def learned(*actions):
    """The lessons of a person's actions, and the person after them."""
    lessons, known = Lessons(), Profile()
    for offset, (video_id, kind) in enumerate(actions):
        action = Action("u", video_id, kind, float(offset))
        after, signals = profile.fold(known, Origin(0, offset), action)
        lessons.add(known, action, signals)
        known = after
    return lessons


def test_only_first_likes_teach():
    lessons = learned(("a", "like"), ("b", "view"), ("c", "skip"), ("a", "like"), ("d", "like"))
    assert [one.video_id for one in lessons.take(10)] == ["a", "d"]
    assert lessons.take(10) == []


def test_a_like_teaches_as_if_its_video_had_not_been_met():
    [lesson] = learned(("b", "view"), ("b", "like")).take(1)
    assert (lesson.video_id, lesson.timestamp, has_seen(lesson.profile, "b")) == ("b", 1.0, False)


def test_the_oldest_are_passed_over_where_there_are_too_many():
    lessons = learned(*((f"v{number}", "like") for number in range(MOST + 2)))
    assert [one.video_id for one in lessons.take(2)] == ["v2", "v3"]


def test_lessons_put_back_are_the_next_and_give_way_to_later_ones():
    lessons = learned(*((f"v{number}", "like") for number in range(MOST)))
    taken = lessons.take(3)
    lessons.put_back(taken)
    assert [one.video_id for one in lessons.take(2)] == ["v0", "v1"]
    full = learned(*((f"w{number}", "like") for number in range(MOST - 1)))
    full.put_back(taken)
    assert [one.video_id for one in full.take(2)] == ["v2", "w0"]


def test_of_the_likes_that_wait_a_worker_keeps_its_share_of_partitions():
    lessons = learned(*((f"v{number}", "like") for number in range(MOST)))
    lessons.keep(0.25)
    assert [one.video_id for one in lessons.take(MOST)] == [f"v{number}" for number in range(MOST * 3 // 4, MOST)]
