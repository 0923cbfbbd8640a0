"""The training queue: only first likes become examples, and the oldest are dropped when there are too many."""

from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.runtime.training_queue import MAX_EXAMPLES, TrainingQueue
from recomind.state import profile
from recomind.state.profile import Profile, has_seen


def queue_of(*actions):
    """A queue after one user's actions, given as (video id, action type)."""
    queue, before = TrainingQueue(), Profile()
    for offset, (video_id, action_type) in enumerate(actions):
        action = Action("u", video_id, action_type, float(offset))
        after, signals = profile.fold(before, SourceOffset(0, offset), action)
        queue.add_first_like(before, action, signals)
        before = after
    return queue


def likes(prefix, count):
    return ((f"{prefix}{number}", "like") for number in range(count))


def video_ids(examples):
    return [one.video_id for one in examples]


def test_only_first_likes_become_examples():
    queue = queue_of(("a", "like"), ("b", "view"), ("c", "skip"), ("a", "like"), ("d", "like"))
    assert video_ids(queue.pop_oldest(10)) == ["a", "d"]
    assert queue.pop_oldest(10) == []


def test_the_profile_of_an_example_has_not_seen_the_liked_video():
    [example] = queue_of(("b", "view"), ("b", "like")).pop_oldest(1)
    assert (example.video_id, example.timestamp, has_seen(example.profile, "b")) == ("b", 1.0, False)


def test_a_full_queue_drops_its_oldest_examples():
    queue = queue_of(*likes("v", MAX_EXAMPLES + 2))
    assert video_ids(queue.pop_oldest(2)) == ["v2", "v3"]


def test_requeued_examples_come_first_but_are_dropped_before_newer_ones():
    queue = queue_of(*likes("v", MAX_EXAMPLES))
    popped = queue.pop_oldest(3)
    queue.requeue(popped)
    assert video_ids(queue.pop_oldest(2)) == ["v0", "v1"]
    nearly_full = queue_of(*likes("w", MAX_EXAMPLES - 1))
    nearly_full.requeue(popped)
    assert video_ids(nearly_full.pop_oldest(2)) == ["v2", "w0"]


def test_the_capacity_is_the_workers_share_of_the_partitions():
    queue = queue_of(*likes("v", MAX_EXAMPLES))
    queue.set_share(0.25)
    expected = [f"v{number}" for number in range(MAX_EXAMPLES * 3 // 4, MAX_EXAMPLES)]
    assert video_ids(queue.pop_oldest(MAX_EXAMPLES)) == expected
