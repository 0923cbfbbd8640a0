"""Neighbours as arrays."""

from struct import pack

from recomind.recommender.index.video_index import VideoIndex
from recomind.state.neighbours import EPOCH_S, HALF_LIFE_S, WEIGHT_UNIT, Neighbours


def test_pairs_are_in_the_order_of_the_seeds():
    index = VideoIndex()
    index.put_neighbours("a", Neighbours(video_ids=("c", "d"), weights=pack("<6I", 60, 30, 1, 20, 0, 2), epoch=1))
    index.put_neighbours("b", Neighbours(video_ids=("c",), weights=pack("<3I", 120, 0, 3), outgoing_weight=9))
    found = index.neighbours.arrays_of([index.rows["b"], index.rows["a"], index.row("unknown")])
    assert [index.ids[row] for row in found.rows] == ["c", "c", "d"]
    assert found.after.tolist() == [2.0, 1.0, 20 / 60]
    assert found.before.tolist() == [0.0, 0.5, 0.0]
    assert found.recent_after.tolist() == [3.0, 1.0, 2.0]
    assert found.outgoing_weights.tolist() == [9.0, 0.0, 0.0]
    assert found.pair_counts.tolist() == [1, 2, 0]
    assert found.expand(found.epochs).tolist() == [0, 1, 1]


def test_recent_weights_halve_in_a_half_life():
    index = VideoIndex()
    index.put_neighbours("v", Neighbours(video_ids=("w",), weights=pack("<3I", 60, 0, 60), epoch=1))
    found = index.neighbours.arrays_of([index.rows["v"]])
    assert found.decay_factors(EPOCH_S + HALF_LIFE_S) * WEIGHT_UNIT == [0.5]


def test_neighbours_that_are_added_and_removed_are_followed():
    index = VideoIndex()
    for others in (("a", "b"), ("a", "b", "c"), ("b", "c"), ("b", "c", "a")):
        index.put_neighbours("v", Neighbours(video_ids=others, weights=bytes(12 * len(others))))
        found = index.neighbours.arrays_of([index.rows["v"]])
        assert tuple(index.ids[row] for row in found.rows) == others
