"""Neighbours: equal to a plain version of the same fold, for any batches and redelivery; limits, decay and epochs."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.signals import HISTORY_LENGTH, ActionSignal, TransitionSignal
from recomind.recommender.index.video_index import VideoIndex
from recomind.state import neighbours
from recomind.state.neighbours import EPOCH_S, HALF_LIFE_S, MAX_NEIGHBOURS, PRUNE_SLACK, WEIGHT_UNIT, Liker, Neighbours

VIDEO_IDS = st.sampled_from([f"w{number}" for number in range(12)])
SOURCES = st.integers(0, 2)
TIMES = st.one_of(st.floats(0, 4 * EPOCH_S), st.sampled_from([0.0, HALF_LIFE_S, EPOCH_S, 2 * EPOCH_S]))
USER_IDS = st.sampled_from("abcdef")
HISTORIES = st.lists(VIDEO_IDS, max_size=HISTORY_LENGTH, unique=True).map(tuple)
IS_REPEAT = st.integers(0, 4).map(lambda number: number == 4)
ACTION_TYPES = st.sampled_from(["like", "like", "like", "view"])
ACTIONS = st.builds(
    ActionSignal, st.just("v"), SOURCES, st.just(0), TIMES, USER_IDS, ACTION_TYPES, IS_REPEAT, HISTORIES
)
DISTANCES = st.integers(1, 60)
TRANSITIONS = st.builds(TransitionSignal, st.just("v"), SOURCES, st.just(0), TIMES, VIDEO_IDS, DISTANCES, USER_IDS)
STEPS = st.sampled_from([1, 1, 1, 1, 0, -2])
"""From one offset of a source to the next one: mostly new, sometimes redelivered."""


def with_offsets(drawn):
    """The signals, with the offset that the steps before them lead to."""
    offsets = dict.fromkeys(range(3), 2)
    for signal, step in drawn:
        offsets[signal.source] += step
        yield msgspec.structs.replace(signal, offset=offsets[signal.source])


SIGNALS = st.lists(st.tuples(st.one_of(TRANSITIONS, ACTIONS), STEPS), max_size=80).map(with_offsets).map(list)

SMALL_LIMITS = {"MAX_NEIGHBOURS": 3, "PRUNE_SLACK": 1, "MAX_LIKERS": 4}
"""In place of the real ones, so that a few signals suffice to prune."""


class Oracle:
    """`Neighbours` as a dictionary of lists [after, before, recent_after]: slow, but each rule is one line."""

    def __init__(self, max_neighbours, prune_slack, max_likers):
        self.max_neighbours, self.prune_slack, self.max_likers = max_neighbours, prune_slack, max_likers
        self.applied, self.weights, self.likers = {}, {}, set()
        self.outgoing_weight = self.epoch = 0

    def fold(self, signal):
        """Fold one signal."""
        is_transition = isinstance(signal, TransitionSignal)
        if not is_transition and (signal.action_type != "like" or signal.is_repeat):
            return
        if signal.offset <= self.applied.get(signal.source, -1):
            return
        self.applied[signal.source] = signal.offset
        while self.epoch < signal.timestamp // EPOCH_S:
            self.epoch, self.outgoing_weight = self.epoch + 1, self.outgoing_weight // 256
            for weights in self.weights.values():
                weights[2] //= 256
        if is_transition:
            recent = round(60 / signal.distance * 2 ** (signal.timestamp / HALF_LIFE_S - 8 * self.epoch))
            self.add(signal.next_video_id, round(60 / signal.distance), 0, recent)
            self.outgoing_weight += recent
        else:
            self.likers.add((signal.timestamp, signal.user_id))
            for distance, video_id in enumerate(signal.history, 1):
                self.add(video_id, 0, round(60 / distance), 0)
        self.prune()

    def add(self, video_id, *weights):
        """Add to the weights of a neighbour."""
        known = self.weights.setdefault(video_id, [0, 0, 0])
        known[:] = [min(one + more, 2**32 - 1) for one, more in zip(known, weights, strict=True)]

    def prune(self):
        """Drop the smallest sums, of equal ones the older neighbours."""
        if len(self.weights) > self.max_neighbours + self.prune_slack:
            by_sum = sorted(self.weights, key=lambda video_id: sum(self.weights[video_id]))
            for video_id in by_sum[: len(self.weights) - self.max_neighbours]:
                del self.weights[video_id]

    def value(self):
        """The state as `Neighbours`."""
        likers = tuple(Liker(user_id, at) for at, user_id in sorted(self.likers)[-self.max_likers :])
        packed = np.array(list(self.weights.values()), "<u4").tobytes()
        return Neighbours(dict(self.applied), tuple(self.weights), packed, likers, self.outgoing_weight, self.epoch)


@given(SIGNALS, st.lists(st.integers(1, 20), min_size=1))
def test_neighbours_equal_those_of_the_oracle(signals, batch_sizes):
    oracle, value = Oracle(*SMALL_LIMITS.values()), Neighbours()
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in SMALL_LIMITS.items():
            patch.setattr(neighbours, name, limit)
        while signals:
            size = batch_sizes[len(signals) % len(batch_sizes)]
            batch, signals = signals[:size], signals[size:]
            for signal in batch:
                oracle.fold(signal)
            value = neighbours.fold(value, batch)
            assert value == oracle.value()
            assert dict(value.items()) == {video_id: tuple(weights) for video_id, weights in oracle.weights.items()}


def test_a_weight_saturates_as_the_oracle_says():
    oracle = Oracle(MAX_NEIGHBOURS, PRUNE_SLACK, 24)
    oracle.weights["w"] = [2**32 - 100, 0, 2**32 - 1]
    known = oracle.value()
    signals = [TransitionSignal("v", 0, offset, 0.0, "w", 1) for offset in range(3)]
    for signal in signals:
        oracle.fold(signal)
    assert neighbours.fold(known, signals) == oracle.value()
    assert neighbours.fold(known, signals).weights_of("w") == (2**32 - 1, 0, 2**32 - 1)


DRAWN = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["like", "view", "skip"]), st.integers(0, 10**6).map(float)),
    max_size=60,
)


def signals_of(drawn):
    offsets = dict.fromkeys(range(4), 0)
    for source, action_type, at in drawn:
        offsets[source] += 1
        yield ActionSignal("v", source, offsets[source], at, f"u{offsets[source]}", action_type, False, ())


@given(DRAWN, st.data())
def test_neighbours_are_the_same_for_any_batches_and_redelivery(drawn, data):
    signals = [msgspec.structs.replace(signal, history=("x", "y")) for signal in signals_of(drawn)]
    cut = data.draw(st.integers(0, len(signals)))
    back = data.draw(st.integers(0, cut))
    in_batches = neighbours.fold(neighbours.fold(Neighbours(), signals[:cut]), signals[back:])
    assert in_batches == neighbours.fold(Neighbours(), signals)


def test_the_number_of_neighbours_is_bounded_and_the_strongest_stay():
    signals = [TransitionSignal("v", 0, n, float(n), f"w{n}", 1 if n == 3 else HISTORY_LENGTH) for n in range(1000)]
    neighbour_weights = dict(neighbours.fold(Neighbours(), signals).items())
    assert len(neighbour_weights) <= MAX_NEIGHBOURS + PRUNE_SLACK
    assert "w3" in neighbour_weights


def test_a_neighbour_that_returns_after_it_was_pruned_in_the_same_batch_starts_from_zero():
    names = tuple(f"w{n}" for n in range(MAX_NEIGHBOURS + PRUNE_SLACK + 1))
    weights = np.full((len(names), 3), 9 * WEIGHT_UNIT, "<u4")
    weights[0] = 1  # it is pruned at the first signal, and returns with the second
    known = Neighbours(video_ids=names, weights=weights.tobytes())
    signals = [TransitionSignal("v", 0, 0, 0.0, "w1", 1), TransitionSignal("v", 0, 1, 0.0, "w0", 1)]
    after = neighbours.fold(known, signals)
    assert after.weights_of("w0") == (WEIGHT_UNIT, 0, WEIGHT_UNIT)
    assert len(after.video_ids) == MAX_NEIGHBOURS + 1


def test_recent_weights_are_shifted_at_a_new_epoch_and_halve_in_a_half_life():
    early, late = TransitionSignal("v", 0, 0, 0.0, "w", 1), TransitionSignal("v", 0, 1, EPOCH_S, "x", 1)
    first = neighbours.fold(Neighbours(), [early])
    assert first.weights_of("w") == (WEIGHT_UNIT, 0, WEIGHT_UNIT)
    assert (first.outgoing_weight, first.epoch) == (WEIGHT_UNIT, 0)
    both = neighbours.fold(first, [late])
    assert both == neighbours.fold(Neighbours(), [early, late])
    assert dict(both.items()) == {"w": (WEIGHT_UNIT, 0, WEIGHT_UNIT >> 8), "x": (WEIGHT_UNIT, 0, WEIGHT_UNIT)}
    assert (both.outgoing_weight, both.epoch) == (WEIGHT_UNIT, 1)
    index = VideoIndex()
    index.put_neighbours("v", both)
    assert index.neighbours.arrays_of([index.rows["v"]]).decay_factors(EPOCH_S + HALF_LIFE_S) * WEIGHT_UNIT == [0.5]
