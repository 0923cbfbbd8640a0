"""What a worker owns, and as of which generation it writes."""

from faust.types import TP

from recomind.runtime.assignment import Assignment
from recomind.stores.fencing import Fence


def topic_partitions(*partitions):
    return {TP(topic, partition) for topic in ("video_actions_stream", "video_signals") for partition in partitions}


def test_partitions_generation_and_fencing_token_follow_the_group():
    fences = []
    assignment = Assignment("group", fences.append)
    assert (assignment.partitions, assignment.is_member, fences) == (frozenset(), False, [])
    assert not assignment.assign(5, topic_partitions(0, 2))
    assert (assignment.partitions, assignment.is_member, assignment.is_leader) == ({0, 2}, True, True)
    assert assignment.topic_partitions == topic_partitions(0, 2)
    assert assignment.assign(6, topic_partitions(2))
    assert (assignment.partitions, assignment.is_leader) == ({2}, False)
    assert fences == [Fence("group", 5), Fence("group", 6)]


def test_state_is_stale_if_a_generation_was_missed():
    assignment = Assignment("group", lambda _: None)
    assignment.assign(5, topic_partitions(0))
    assert not assignment.assign(7, topic_partitions(0))


def test_ownership_is_unknown_during_a_rebalance():
    assignment = Assignment("group", lambda _: None)
    assignment.assign(5, topic_partitions(0))
    assignment.revoke()
    assert not assignment.is_member
